"""Language and channels; and, for who came by a link in a mail, what can be ended."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from bustia.billing.chosen_states import Channel, Communication
from bustia.billing.preferences import Preferences

__all__ = ["LinkForm", "PreferencesForm"]

_KINDS = {
    Communication.NOTICES: _("SMS ahead of each invoice"),
    Communication.ALERTS: _("Personal alerts"),
    Communication.PROMOTION: _("Offers and news"),
}


class _LanguageForm(forms.Form):
    """The language of what we send."""

    language = forms.ChoiceField(
        label=_("Language of your invoices and messages"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
    )


class PreferencesForm(_LanguageForm):
    """What the holder of a contract wants, whole; what leads nowhere can't be chosen."""

    notices = forms.BooleanField(label=_KINDS[Communication.NOTICES], required=False)
    promotion = forms.BooleanField(label=_KINDS[Communication.PROMOTION], required=False)

    def __init__(self, data: Any, *, now: Preferences, email: bool, mobile: bool) -> None:  # noqa: ANN401
        super().__init__(
            data,
            initial={
                "language": now.language,
                "notices": now.notices is not Channel.NONE,
                "promotion": now.promotion is not Channel.NONE,
            },
        )
        self.fields["notices"].disabled = not mobile
        self.fields["promotion"].disabled = not email


class LinkForm(_LanguageForm):
    """What one may change by a link in a mail: the language, and to end what is optional.

    Nothing is agreed to this way: mails are forwarded, and a consent has to be the holder's own.
    """

    def __init__(self, data: Any, *, now: Preferences) -> None:  # noqa: ANN401
        super().__init__(data, initial={"language": now.language})
        on = {
            Communication.NOTICES: now.notices is not Channel.NONE,
            Communication.ALERTS: now.alerts,
            Communication.PROMOTION: now.promotion is not Channel.NONE,
        }
        self.coming = [kind for kind, comes in on.items() if comes]
        self.not_coming = [_KINDS[kind] for kind, comes in on.items() if not comes]
        for kind in self.coming:
            self.fields[kind.value] = forms.BooleanField(
                label=_KINDS[kind], required=False, initial=True
            )

    def ended(self) -> list[Communication]:
        """Give what is not wanted any more."""
        return [kind for kind in self.coming if not self.cleaned_data[kind.value]]
