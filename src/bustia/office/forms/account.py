"""Giving another bank account, and the code that signs it."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bustia.billing.models import Mandate
from bustia.identifiers import check_iban, normal_iban
from bustia.office.services.mandates import KnownEnd

__all__ = ["AccountForm", "CodeForm"]

_SPANISH_LENGTH = 24


class AccountForm(forms.Form):
    """An account, and where the code goes."""

    iban = forms.CharField(
        label=_("New account (IBAN)"),
        max_length=60,
        help_text=_("24 characters that begin with ES. Spaces are no matter."),
        error_messages={"required": _("Write the IBAN of the account.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    holder = forms.BooleanField(
        label=_("I am the holder of this account, or may decide on it"),
        error_messages={"required": _("Tick the box if the account is yours.")},
    )
    end = forms.ChoiceField(
        label=_("Where shall we send the code to sign?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose where the code should go.")},
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        ends: Sequence[KnownEnd],
        present: Mandate | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self._ends = {one.key: one for one in ends}
        self._present = present
        by = {"sms": _("SMS to %s"), "email": _("E-mail to %s")}
        field = self.fields["end"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for the type checker)
        field.choices = [(one.key, by[one.channel] % one.masked) for one in ends]
        field.initial = ends[0].key if ends else None

    @property
    def chosen_end(self) -> KnownEnd:
        """Where the code goes; of a valid form."""
        return self._ends[self.cleaned_data["end"]]

    def clean_iban(self) -> str:
        """Say what is wrong with an account, as exactly as it can be told."""
        plain = normal_iban(self.cleaned_data["iban"])
        if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", plain):
            raise forms.ValidationError(
                _("An IBAN begins with two letters and two digits, as in ES91.")
            )
        if plain.startswith("ES") and len(plain) != _SPANISH_LENGTH:
            raise forms.ValidationError(
                _("A Spanish IBAN has 24 characters; this one has %(count)d."),
                params={"count": len(plain)},
            )
        if not check_iban(plain):
            raise forms.ValidationError(
                _("This IBAN is not right: a digit is wrong or two are swapped. Please check it.")
            )
        if self._present is not None and self._present.iban == plain:
            raise forms.ValidationError(_("Your invoices are charged to this account already."))
        return plain


class CodeForm(forms.Form):
    """The code that signs."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("Six digits"),
        error_messages={"required": _("Write the code that we sent you.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "short": True}
        ),
    )

    def clean_code(self) -> str:
        """Take the six digits, however they were grouped."""
        code = re.sub(r"[\s.-]", "", self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{6}", code):
            raise forms.ValidationError(_("The code has six digits."))
        return code
