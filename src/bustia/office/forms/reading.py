"""The reading of a meter, by who holds the contract."""

from django import forms
from django.utils.translation import gettext_lazy as _

__all__ = ["ReadingForm"]


class ReadingForm(forms.Form):
    """Whole cubic metres, and a word that they are right where that is asked for."""

    m3 = forms.IntegerField(
        label=_("What the meter shows, in m³"),
        help_text=_("Only the black digits: the red ones are litres."),
        min_value=0,
        max_value=99_999_999,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "short": "1"}),
    )
    sure = forms.BooleanField(label=_("Yes, I have checked it: it is right"), required=False)

    def ask_again(self) -> None:
        """Ask for a word that the reading is right."""
        told = _("This is far above your usual use. Look at the meter again.")
        self.add_error("m3", told)
        self.asked_again = True

    asked_again = False
