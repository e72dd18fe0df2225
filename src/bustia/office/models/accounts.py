"""Accounts of the Virtual Office: an e-mail address, and the contracts that it may see."""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

__all__ = ["Account", "Accounts", "Holding"]


class Accounts(BaseUserManager["Account"]):
    """Makes and finds accounts; an address is the same in capitals and small letters."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Give the address as it is kept."""
        return (email or "").strip().lower()

    def create_user(self, email: str, password: str | None = None, **values: Any) -> "Account":  # noqa: ANN401
        """Make an account; without a password it is entered by one-time links."""
        account = self.model(email=self.normalize_email(email), **values)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, email: str | None) -> "Account":
        """Find an account by its address."""
        return self.get(email=self.normalize_email(email))


class Account(AbstractBaseUser):
    """Somebody who signs in: a customer, or who looks after a customer's contracts."""

    email = models.CharField(max_length=254, unique=True)
    language = models.CharField(max_length=2, default="ca")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Accounts] = Accounts()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        """Its number: an address is nobody's business in a log."""
        return f"account {self.pk}"

    @classmethod
    def of(cls, user: Any) -> Self:  # noqa: ANN401
        """Give the account behind a request's user; raise ``TypeError`` if nobody signed in."""
        if not isinstance(user, cls):
            raise TypeError("nobody is signed in.")
        return user


class Holding(models.Model):
    """That an account may see a contract, since when, and by what it was shown."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="holdings")
    contract = models.ForeignKey(
        "billing.Contract", on_delete=models.PROTECT, related_name="holdings"
    )
    since = models.DateTimeField()
    shown_by = models.CharField(max_length=40)
    """``contract, NIF and invoice``, or who else added it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "contract"], name="holding_once")]
