"""Which passwords are good: long, not what everybody takes, and no rules about signs.

Beside Django's own checks (length, the 20,000 most common ones, likeness to one's address) these
see through what makes a short common password look long. OWASP ASVS 2.1.
"""

import re
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bustia.office.desk import company

__all__ = ["LONGEST", "SHORTEST", "NotPaddedValidator", "NotTheCompanyValidator"]

SHORTEST = 12
LONGEST = 128
_PADDING = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LEAST_OF_ONES_OWN = 5
"""Different signs that a password has at least."""


class NotPaddedValidator:
    """Refuses a common password with figures and signs around it, said twice, or of few signs."""

    def __init__(self) -> None:
        self._common = CommonPasswordValidator().passwords

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ANN401
        """Raise ``ValidationError`` if this is easily guessed for all its length."""
        del user
        plain = password.lower().strip()
        bare = _PADDING.sub("", plain)
        half = bare[: len(bare) // 2]
        repeated = half and bare == half * 2
        if (
            bare in self._common
            or (repeated and half in self._common)
            or len(set(plain)) < _LEAST_OF_ONES_OWN
        ):
            raise ValidationError(
                _("This password is easily guessed. Three or four words make a good one."),
                code="password_padded",
            )

    def get_help_text(self) -> str:
        """Say what is asked for."""
        return gettext("Three or four words make a good password.")


class NotTheCompanyValidator:
    """Refuses passwords that are little more than the name of the company."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ANN401
        """Raise ``ValidationError`` if what is left without our name is short."""
        del user
        rest = password.lower()
        for word in re.findall(r"\w{4,}", company("ca").name.lower()):
            rest = rest.replace(word, "")
        if len(rest) < len(password) and len(rest) < SHORTEST - 4:
            raise ValidationError(
                _("This password has our name in it: it is the first that one would try."),
                code="password_company",
            )

    def get_help_text(self) -> str:
        """Say what is asked for."""
        return gettext("The name of the company is no good password.")
