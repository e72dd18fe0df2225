"""Asking for the e-invoice, and leaving it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bustia.billing.changes import ConsentWording

__all__ = ["ConsentForm"]


class ConsentForm(forms.Form):
    """One word on a text that was read: it is the text of now, or it must be read again."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)
    agreed = forms.BooleanField(
        label=_("I have read this text and I agree"),
        error_messages={"required": _("Tick the box if you agree.")},
    )

    def __init__(self, *args: Any, wording: ConsentWording, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.wording = wording
        self.fields["version"].initial = wording.version

    def clean(self) -> dict[str, Any]:
        """Refuse a word on a text that has changed since."""
        cleaned = super().clean() or {}
        if cleaned.get("version") != self.wording.version:
            self.data = {"version": self.wording.version}
            raise forms.ValidationError(_("This text has changed. Please read it again."))
        return cleaned
