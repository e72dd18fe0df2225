"""What is written to holders of accounts: links, codes, and notices that something changed.

Each function queues one message in the caller's transaction. Who gets what is decided elsewhere;
what it says is decided here, in the reader's language.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from bustia.deliver.account_messages import AccountText, Addressee, MessageKind, queue_message
from bustia.instance import current_instance
from bustia.office.desk import company
from bustia.office.models import Account
from bustia.office.services.keys import VALID, Purpose

__all__ = [
    "Notice",
    "by_mail",
    "notify",
    "send_address_taken",
    "send_code",
    "send_contract_elsewhere",
    "send_contract_known",
    "send_contract_link",
    "send_no_account",
    "send_no_match",
    "send_recovery_link",
    "send_register_link",
    "send_sign_in_link",
    "warn_of_registration",
]

_NOTICE_LASTS = timedelta(days=3)
CODE_LASTS = timedelta(minutes=10)


class Notice(StrEnum):
    """What an account's holder is told of afterwards, so that a stranger's act comes to light."""

    WELCOME = "welcome"
    CONTRACT_ADDED = "contract_added"
    NEW_DEVICE = "new_device"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (the name of a notice)
    RECOVERED = "recovered"
    EMAIL_CHANGED = "email_changed"
    MOBILE_CHANGED = "mobile_changed"
    SESSIONS_ENDED = "sessions_ended"
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    CLOSED = "closed"


_NOTICES: dict[Notice, tuple[str, str]] = {
    Notice.WELCOME: (
        gettext_noop("Your account is open"),
        gettext_noop("You can now see your invoices and run your contract in the Virtual Office."),
    ),
    Notice.CONTRACT_ADDED: (
        gettext_noop("A contract was added to your account"),
        gettext_noop("A contract was added to your account in the Virtual Office."),
    ),
    Notice.NEW_DEVICE: (
        gettext_noop("Your account was entered from a new device"),
        gettext_noop(
            "Somebody signed in to your account from a browser that had not been used before."
        ),
    ),
    Notice.PASSWORD_CHANGED: (
        gettext_noop("Your password was changed"),
        gettext_noop("The password of your account was changed. All other devices are signed out."),
    ),
    Notice.RECOVERED: (
        gettext_noop("You have a new password"),
        gettext_noop(
            "A new password was chosen by the link that we sent to this address. All devices are "
            "signed out."
        ),
    ),
    Notice.EMAIL_CHANGED: (
        gettext_noop("Your e-mail address was changed"),
        gettext_noop("The e-mail address of your account in the Virtual Office was changed."),
    ),
    Notice.MOBILE_CHANGED: (
        gettext_noop("Your mobile number was changed"),
        gettext_noop("The mobile number by which we reach you was changed."),
    ),
    Notice.SESSIONS_ENDED: (
        gettext_noop("Your other devices are signed out"),
        gettext_noop("All other devices were signed out of your account."),
    ),
    Notice.APP_ADDED: (
        gettext_noop("Two-step verification is on"),
        gettext_noop("To sign in, your account now also asks for a code of your app."),
    ),
    Notice.APP_REMOVED: (
        gettext_noop("The code app was removed"),
        gettext_noop("Your account no longer asks for a code of the app that you used."),
    ),
    Notice.PASSKEY_ADDED: (
        gettext_noop("A passkey was added"),
        gettext_noop("A passkey was added to your account."),
    ),
    Notice.PASSKEY_REMOVED: (
        gettext_noop("A passkey was removed"),
        gettext_noop("A passkey was removed from your account."),
    ),
    Notice.CODES_MADE: (
        gettext_noop("You have new recovery codes"),
        gettext_noop("New recovery codes were made for your account. The former ones are void."),
    ),
    Notice.CODE_USED: (
        gettext_noop("A recovery code was used"),
        gettext_noop("Somebody signed in to your account with one of its recovery codes."),
    ),
    Notice.CLOSED: (
        gettext_noop("Your account is closed"),
        gettext_noop(
            "Your account in the Virtual Office was closed. Your contract and the way you get "
            "your invoices stay as they are."
        ),
    ),
}
_GOOD_NEWS = {Notice.WELCOME}


def by_mail(account: Account) -> Addressee:
    """Address the holder of an account at the address that it has now."""
    return Addressee("email", account.email, account.language, account.pk)


def notify(notice: Notice, to: Addressee, *, at: datetime) -> None:
    """Tell of something that was done to an account, and what to do if it was somebody else."""

    def content() -> AccountText:
        subject, text = (_(part) for part in _NOTICES[notice])
        if notice in _GOOD_NEWS:
            return AccountText(text, subject, action=_("Enter"), url=_url("account_login"))
        return AccountText(f"{text}\n\n{_if_not_you()}", subject)

    _queue(MessageKind.NOTICE, to, content, at=at, lasts=_NOTICE_LASTS)


def send_register_link(to: Addressee, token: str, *, at: datetime) -> None:
    """Send the link that opens an account."""

    def content() -> AccountText:
        hours = VALID[Purpose.REGISTER] // timedelta(hours=1)
        return AccountText(
            _(
                "To open your account in the Virtual Office, confirm that this is your address "
                "and choose a password."
            )
            + "\n\n"
            + ngettext(
                "The link works once, for %(hours)d hour.",
                "The link works once, for %(hours)d hours.",
                hours,
            )
            % {"hours": hours}
            + " "
            + _ignore(),
            _("Confirm your address"),
            action=_("Open the account"),
            url=_url("office:register_confirm", token),
        )

    _queue(MessageKind.CONFIRM_ADDRESS, to, content, at=at, lasts=VALID[Purpose.REGISTER])


def send_contract_link(to: Addressee, token: str, *, at: datetime) -> None:
    """Send the link that adds a contract to the account that the address has already."""

    def content() -> AccountText:
        return AccountText(
            _(
                "You asked to register a contract, and this address has an account already. "
                "You can add the contract to it."
            )
            + "\n\n"
            + _ignore(),
            _("Add a contract to your account"),
            action=_("Add the contract"),
            url=_url("office:contract_confirm", token),
        )

    _queue(MessageKind.CONFIRM_ADDRESS, to, content, at=at, lasts=VALID[Purpose.ADD_CONTRACT])


def send_contract_known(to: Addressee, *, at: datetime) -> None:
    """Say that the contract is in this very account already."""

    def content() -> AccountText:
        return AccountText(
            _("You asked to register a contract: it is in your account already.")
            + "\n\n"
            + _ignore(),
            _("You have an account already"),
            action=_("Enter"),
            url=_url("account_login"),
        )

    _queue(MessageKind.CONFIRM_ADDRESS, to, content, at=at, lasts=_NOTICE_LASTS)


def send_contract_elsewhere(to: Addressee, *, at: datetime) -> None:
    """Say that the contract is in another account; not in whose."""

    def content() -> AccountText:
        return AccountText(
            _(
                "You asked to register a contract, but it is in the account of another address. "
                "If that account is yours, enter with its address."
            )
            + "\n\n"
            + _call_us(),
            _("We could not open your account"),
        )

    _queue(MessageKind.CONFIRM_ADDRESS, to, content, at=at, lasts=_NOTICE_LASTS)


def send_no_match(to: Addressee, *, at: datetime) -> None:
    """Say that contract, NIF and invoice don't belong together; not which of them is wrong."""

    def content() -> AccountText:
        return AccountText(
            _(
                "You asked to register a contract, but what you wrote does not match what we "
                "have. Look for the contract number, the NIF and the invoice number on a recent "
                "invoice, and try again."
            )
            + "\n\n"
            + _call_us(),
            _("We could not open your account"),
            action=_("Try again"),
            url=_url("account_signup"),
        )

    _queue(MessageKind.CONFIRM_ADDRESS, to, content, at=at, lasts=_NOTICE_LASTS)


def warn_of_registration(to: Addressee, *, done: bool, at: datetime) -> None:
    """Tell whom we knew before that a contract of theirs was, or was nearly, registered."""

    def content() -> AccountText:
        text = (
            _(
                "An account in the Virtual Office was opened for your contract, with another "
                "address."
            )
            if done
            else _(
                "Somebody with a recent invoice of yours tried to register your contract with "
                "another address. It was not added: it stays in your account alone."
            )
        )
        return AccountText(f"{text}\n\n{_if_not_you()}", _("Your contract in the Virtual Office"))

    _queue(MessageKind.NOTICE, to, content, at=at, lasts=_NOTICE_LASTS)


def send_sign_in_link(to: Addressee, token: str, *, at: datetime) -> None:
    """Send the link that enters an account."""

    def content() -> AccountText:
        return AccountText(
            _("This link enters your account in the Virtual Office.")
            + "\n\n"
            + _works_for(Purpose.SIGN_IN)
            + " "
            + _ignore(),
            _("Your link to enter"),
            action=_("Enter"),
            url=_url("office:link_enter", token),
        )

    _queue(MessageKind.SIGN_IN_LINK, to, content, at=at, lasts=VALID[Purpose.SIGN_IN])


def send_recovery_link(to: Addressee, token: str, *, at: datetime) -> None:
    """Send the link by which a new password is chosen."""

    def content() -> AccountText:
        return AccountText(
            _("With this link you choose a new password for the Virtual Office.")
            + "\n\n"
            + _works_for(Purpose.RECOVER)
            + " "
            + _ignore(),
            _("Choose a new password"),
            action=_("Choose a password"),
            url=_url("office:recover_confirm", token),
        )

    _queue(MessageKind.PASSWORD_RESET, to, content, at=at, lasts=VALID[Purpose.RECOVER])


def send_no_account(to: Addressee, kind: MessageKind, *, at: datetime) -> None:
    """Say to an address that was asked for that it has no account."""

    def content() -> AccountText:
        return AccountText(
            _(
                "Somebody wanted to enter the Virtual Office with this address, but it has no "
                "account. Perhaps yours has another address; else you can open one."
            )
            + "\n\n"
            + _ignore(),
            _("There is no account with this address"),
            action=_("Open an account"),
            url=_url("account_signup"),
        )

    _queue(kind, to, content, at=at, lasts=VALID[Purpose.SIGN_IN])


def send_code(to: Addressee, code: str, *, at: datetime) -> None:
    """Send one of the two codes that change an address or a number."""

    def content() -> AccountText:
        if to.channel == "sms":
            words = _("Your code: %(code)s. Never tell it to anybody, not even to us.")
            return AccountText(f"{company(to.language).name}. {words % {'code': code}}")
        return AccountText(
            _("With this code you confirm a change of your contact data in the Virtual Office.")
            + "\n\n"
            + _("Never tell it to anybody, not even to us.")
            + " "
            + _ignore(),
            _("Your code"),
            code=code,
        )

    _queue(MessageKind.ONE_TIME_CODE, to, content, at=at, lasts=CODE_LASTS)


def send_address_taken(to: Addressee, *, at: datetime) -> None:
    """Say to an address that somebody wants to use that it has an account of its own."""

    def content() -> AccountText:
        return AccountText(
            _(
                "Somebody wanted to use this address for another account. That is not possible: "
                "it has an account of its own."
            )
            + "\n\n"
            + _ignore(),
            _("This address has an account already"),
        )

    _queue(MessageKind.ONE_TIME_CODE, to, content, at=at, lasts=CODE_LASTS)


def _queue(
    kind: MessageKind,
    to: Addressee,
    content: Callable[[], AccountText],
    *,
    at: datetime,
    lasts: timedelta,
) -> None:
    with translation.override(to.language):
        text = content()
    queue_message(kind, to, text, at=at, expires_at=at + lasts)


def _url(name: str, *arguments: str) -> str:
    return f"{current_instance().office_url}{reverse(name, args=arguments)}"


def _works_for(purpose: Purpose) -> str:
    minutes = VALID[purpose] // timedelta(minutes=1)
    return ngettext(
        "The link works once, for %(minutes)d minute.",
        "The link works once, for %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}


def _ignore() -> str:
    return _("If it was not you who asked for it, you need do nothing.")


def _if_not_you() -> str:
    phone = company(translation.get_language() or "ca").phone
    return _("If it was not you, call us at once: %(phone)s.") % {"phone": phone}


def _call_us() -> str:
    phone = company(translation.get_language() or "ca").phone
    return _("If you need help, call us: %(phone)s.") % {"phone": phone}
