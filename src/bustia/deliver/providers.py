"""The mail server and the SMS centre of an instance, as its settings name them."""

import os
from typing import Any

from bustia.deliver.channels.base import Adapter
from bustia.deliver.channels.email import SmtpAdapter, SmtpServer
from bustia.deliver.channels.sms import SpoolAdapter
from bustia.deliver.channels.sms_smpp import SmppAdapter, SmppServer
from bustia.instance import Instance

__all__ = ["mail_adapter", "sms_adapter"]


def mail_adapter(instance: Instance) -> SmtpAdapter:
    """Give the way to the mail server; its password is in ``BUSTIA_SMTP_PASSWORD``."""
    settings = instance.config.email
    return SmtpAdapter(
        SmtpServer(
            settings.host,
            settings.port,
            settings.tls,
            settings.username,
            os.environ.get("BUSTIA_SMTP_PASSWORD", ""),
            settings.return_path_domain,
        )
    )


def sms_adapter(instance: Instance) -> Adapter[Any]:
    """Give the way of SMS: over SMPP, or into files in ``outbox/sms``."""
    settings = instance.config.sms
    if settings.adapter == "smpp":
        password = os.environ.get("BUSTIA_SMPP_PASSWORD", "")
        return SmppAdapter(SmppServer(settings.host, settings.port, settings.system_id, password))
    return SpoolAdapter(instance.path / "outbox" / "sms")
