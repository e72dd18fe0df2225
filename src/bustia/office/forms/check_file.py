"""The form to hand in a file whose seal is to be checked."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

__all__ = ["MOST_BYTES", "CheckFileForm"]

MOST_BYTES = 4 * 1024 * 1024
"""Our invoices are of some tens of kilobytes; those with attachments of some hundreds."""


class CheckFileForm(forms.Form):
    """One PDF file."""

    file = forms.FileField(
        label=gettext_lazy("PDF file"),
        help_text=gettext_lazy("Up to 4 MB. We look at it and keep nothing of it."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={"required": gettext_lazy("Choose the file to be checked.")},
    )

    def clean_file(self) -> "UploadedFile[Any]":
        """Refuse what is too large."""
        given: UploadedFile[Any] = self.cleaned_data["file"]
        size = given.size or 0
        if size > MOST_BYTES:
            told = _("The file is too large: it has {size}, and it can have 4 MB at most.")
            raise forms.ValidationError(told.format(size=filesizeformat(size)))
        return given
