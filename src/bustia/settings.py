"""Django's settings: what the open instance says, and no secret of their own."""

import os
import secrets
from typing import Any

from psycopg import conninfo

from bustia.instance import instance as _instances
from bustia.office_settings import *  # noqa: F403 (all of what the customers' web adds)

_open = _instances.opened()


def database(url: str) -> dict[str, Any]:
    """Turn a connection string into Django's words; without one, a database that nobody has."""
    parts: dict[str, Any] = dict(conninfo.conninfo_to_dict(url)) if url else {}
    named = {
        "NAME": parts.pop("dbname", "no-instance-is-open"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", "/nowhere/no-instance-is-open" if not url else ""),
        "PORT": str(parts.pop("port", "")),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": parts,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {
    "default": database(_open.database_url if _open else os.environ.get("DATABASE_URL", ""))
}

INSTALLED_APPS = [
    "django.contrib.postgres",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "procrastinate.contrib.django",
    "bustia.audit",
    "bustia.billing",
    "bustia.archive",
    "bustia.deliver",
    "bustia.notices",
    "bustia.cycles",
    "bustia.office",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "csp",
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Without an instance it is another one in each process: nothing signed with it outlives that.
SECRET_KEY = (
    _open.key("django") if _open else os.environ.get("BUSTIA_DJANGO_KEY") or secrets.token_hex(32)
)
DEBUG = False
USE_TZ = True
TIME_ZONE = "Europe/Madrid"
USE_I18N = True
LANGUAGE_CODE = "ca"
LANGUAGES = [("ca", "Català"), ("es", "Español"), ("en", "English")]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "bustia.work.log.DiscreetFormatter"}},
    "handlers": {
        "plain": {"class": "logging.StreamHandler", "formatter": "plain", "level": "WARNING"}
    },
    "root": {"handlers": ["plain"], "level": "WARNING"},
}
