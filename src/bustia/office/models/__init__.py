"""Who signs in, and which contracts they hold."""

from bustia.office.models.accounts import Account, Accounts, Holding
from bustia.office.models.signing import MandateSigning

__all__ = ["Account", "Accounts", "Holding", "MandateSigning"]
