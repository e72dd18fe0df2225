"""Who signs in, which contracts they hold, and the links and codes sent to them."""

from bustia.office.models.accounts import Account, Accounts, Holding
from bustia.office.models.keys import ContactChange, OneTimeKey
from bustia.office.models.signing import MandateSigning

__all__ = ["Account", "Accounts", "ContactChange", "Holding", "MandateSigning", "OneTimeKey"]
