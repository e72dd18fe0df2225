"""What the frame of every page needs: the company, the way around, the languages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bustia.instance import current_instance
from bustia.office.demo import PASSWORD, people
from bustia.office.desk import company

__all__ = ["ACCOUNT_PAGES", "SECTIONS", "office"]

SECTIONS = (
    ("office:home", _("Home")),
    ("office:invoices", _("Invoices")),
    ("office:debts", _("Payments")),
    ("office:consumption", _("Consumption")),
    ("office:bank_account", _("Bank account")),
    ("office:e_invoice", _("E-invoice")),
    ("office:alerts", _("Alerts")),
    ("office:preferences", _("Preferences")),
)
"""The pages of a contract in the order in which they are offered: the name of each, its label."""

ACCOUNT_PAGES: tuple[tuple[str, Any], ...] = (
    ("office:inbox", _("Inbox")),
    ("office:account", _("My account")),
    ("mfa_index", _("Security")),
)
"""The pages of an account, whatever contract: the name of each, its label."""

_DEMONSTRATION = {"demo": True, "demo_people": people, "demo_password": PASSWORD}
"""What a demonstration adds; its people are looked up on the page that shows them."""


def office(request: HttpRequest) -> dict[str, Any]:
    """Give the frame's values."""
    language = get_language() or settings.LANGUAGE_CODE
    match = request.resolver_match
    return {
        "company": company(language),
        "language": language,
        "languages": settings.LANGUAGES,
        "contract": getattr(request, "contract", None),
        "sections": SECTIONS,
        "account_pages": ACCOUNT_PAGES,
        "here": match.view_name if match else "",
        **(_DEMONSTRATION if current_instance().config.office.demo else {"demo": False}),
    }
