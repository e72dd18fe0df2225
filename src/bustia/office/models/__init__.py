"""Who signs in, and which contracts they hold."""

from bustia.office.models.accounts import Account, Accounts, Holding

__all__ = ["Account", "Accounts", "Holding"]
