"""Choosing the invoices that are to be paid."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bustia.billing.debts import Debt

__all__ = ["ChosenInvoices"]


class ChosenInvoices(forms.Form):
    """Some of the invoices that can be paid now; only these are choices."""

    invoice = forms.MultipleChoiceField(
        label=_("Invoices to pay"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one invoice."),
            "invalid_choice": _("One of the invoices can’t be paid here any more. Choose again."),
        },
    )

    def __init__(self, *args: Any, payable: Sequence[Debt], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        field = self.fields["invoice"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 (for the type checker)
        field.choices = [(one.number, one.number) for one in payable]
        self._payable = payable

    @property
    def chosen(self) -> list[Debt]:
        """The debts that were chosen; of a valid form."""
        wanted = set(self.cleaned_data["invoice"])
        return [one for one in self._payable if one.number in wanted]
