"""Forms by which one comes in: registering, links, passwords."""

from typing import Any

import phonenumbers
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from bustia.office.models import Account
from bustia.office.passwords import LONGEST, SHORTEST

__all__ = [
    "AddressForm",
    "BothCodesForm",
    "CloseForm",
    "ContractForm",
    "NewAddressForm",
    "NewNumberForm",
    "PasswordForm",
    "RegisterForm",
]


class ContractForm(forms.Form):
    """Three things that are on every invoice."""

    contract = forms.CharField(
        label=_("Contract number"),
        help_text=_("It is at the top of your invoices."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    nif = forms.CharField(
        label=_("NIF of the holder"),
        help_text=_("With its letter, as in 12345678Z."),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    invoice = forms.CharField(
        label=_("Number of a recent invoice"),
        help_text=_("Of any of the last twelve months."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AddressForm(forms.Form):
    """An e-mail address."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class RegisterForm(ContractForm, AddressForm):
    """Both, to open an account."""

    field_order = ("contract", "nif", "invoice", "email")


class PasswordForm(forms.Form):
    """A new password, for an account or for an address that will be one."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_("Twelve characters or more. Three or four words make a good one."),
        max_length=LONGEST,
        min_length=SHORTEST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._account = Account(email=address)

    def clean_password(self) -> str:
        """Refuse what is easily guessed."""
        password = str(self.cleaned_data["password"])
        validate_password(password, self._account)
        return password


class CloseForm(forms.Form):
    """One word that the account is to be closed."""

    sure = forms.BooleanField(
        label=_("Yes, close my account"),
        error_messages={"required": _("Tick the box if you want to close it.")},
    )


class NewAddressForm(forms.Form):
    """Another e-mail address."""

    value = forms.EmailField(
        label=_("New e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_value(self) -> str:
        """Give it as addresses are kept."""
        return Account.objects.normalize_email(self.cleaned_data["value"])


class NewNumberForm(forms.Form):
    """Another mobile number."""

    value = forms.CharField(
        label=_("New mobile number"),
        help_text=_("From abroad with its prefix, as in +33 6 12 34 56 78."),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    def clean_value(self) -> str:
        """Give it with its prefix; refuse what can't take an SMS."""
        wrong = forms.ValidationError(_("This is no mobile number. Please check it."))
        try:
            number = phonenumbers.parse(self.cleaned_data["value"], "ES")
        except phonenumbers.NumberParseException as error:
            raise wrong from error
        kinds = (
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        )
        if phonenumbers.number_type(number) not in kinds:
            raise wrong
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _code_input() -> forms.TextInput:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "short": "1"}
    return forms.TextInput(attrs=attributes | {"maxlength": "6"})


class BothCodesForm(forms.Form):
    """The codes of both ends."""

    known = forms.CharField(label=_("Code sent to your present address"), widget=_code_input())
    new = forms.CharField(label=_("Code sent to the new one"), widget=_code_input())
