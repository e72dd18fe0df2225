"""Six alerts, each with its channel, one with a threshold, and the hours without any."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bustia.billing.alerts import MOST_LITRES, AlertChannel, AlertChoice, Alerts, Quiet
from bustia.billing.chosen_states import AlertKind, Channel

__all__ = ["CHANNELS", "AlertsForm", "Shown"]

CHANNELS = {
    Channel.EMAIL: pgettext_lazy("channel", "E-mail"),
    Channel.SMS: pgettext_lazy("channel", "SMS"),
}
TITLES: Mapping[AlertKind, tuple[Any, Any]] = {
    AlertKind.OVER_THRESHOLD: (
        _("Consumption over a limit"),
        _("The day you use more water than the limit that you set."),
    ),
    AlertKind.LEAK: (
        _("Possible leak"),
        _("When water runs for hours without a stop, at night too."),
    ),
    AlertKind.NO_CONSUMPTION: (
        _("No consumption"),
        _("When no water is used for days: of use if you look after somebody."),
    ),
    AlertKind.INVOICE_ISSUED: (
        _("New invoice"),
        _("When an invoice is issued, with its amount."),
    ),
    AlertKind.DEBIT_COMING: (
        _("Bank charge coming"),
        _("Some days before we charge your account."),
    ),
    AlertKind.DEBIT_RETURNED: (
        _("Returned direct debit"),
        _("When your bank returns a charge, with what you can do."),
    ),
}
OF_WATER = (AlertKind.OVER_THRESHOLD, AlertKind.LEAK, AlertKind.NO_CONSUMPTION)


@dataclass(frozen=True)
class Shown:
    """One alert as the page shows it."""

    kind: AlertKind
    title: Any
    tells: Any
    on: forms.BoundField
    channel: forms.BoundField
    threshold: forms.BoundField | None


class AlertsForm(forms.Form):
    """The alerts of a contract; ``ends`` are the channels that lead somewhere."""

    threshold = forms.IntegerField(
        label=_("Limit, litres a day"),
        required=False,
        min_value=1,
        max_value=MOST_LITRES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "short": True}),
    )
    quiet = forms.BooleanField(label=_("Keep quiet at certain hours"), required=False)
    quiet_from = forms.TimeField(
        label=_("From"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "short": True}, format="%H:%M"),
    )
    quiet_to = forms.TimeField(
        label=_("To"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "short": True}, format="%H:%M"),
    )

    def __init__(
        self,
        data: Any,  # noqa: ANN401 (as Django's forms take it)
        *,
        alerts: Alerts,
        ends: tuple[Channel, ...],
        suggested: int,
    ) -> None:
        super().__init__(data, initial=_initial(alerts, ends, suggested))
        self._before = alerts
        self.ends = ends
        for kind in AlertKind:
            self.fields[f"{kind}_on"] = forms.BooleanField(label=TITLES[kind][0], required=False)
            self.fields[f"{kind}_channel"] = forms.ChoiceField(
                label=_("How to tell you"),
                required=False,
                choices=[(channel.value, CHANNELS[channel]) for channel in ends],
                widget=forms.RadioSelect,
            )

    def clean(self) -> dict[str, Any]:
        """Ask for what an alert that is on needs."""
        cleaned = super().clean() or {}
        for kind in AlertKind:
            channel = f"{kind}_channel"
            if (
                cleaned.get(f"{kind}_on")
                and not cleaned.get(channel)
                and channel not in self.errors
            ):
                self.add_error(channel, _("Choose how we should tell you."))
        over = cleaned.get(f"{AlertKind.OVER_THRESHOLD}_on")
        if over and not cleaned.get("threshold") and "threshold" not in self.errors:
            self.add_error("threshold", _("Write the limit, in litres a day."))
        if cleaned.get("quiet"):
            for name in ("quiet_from", "quiet_to"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Write the time, as in 22:00."))
            start, end = cleaned.get("quiet_from"), cleaned.get("quiet_to")
            if start is not None and start == end:
                self.add_error("quiet_to", _("The end must differ from the start."))
        return cleaned

    def choices(self) -> dict[AlertKind, AlertChoice]:
        """Give what was chosen; what is off keeps how it was set."""
        return {kind: self._choice(kind) for kind in AlertKind}

    def _choice(self, kind: AlertKind) -> AlertChoice:
        cleaned, before = self.cleaned_data, self._before.choices.get(kind)
        chosen = cleaned[f"{kind}_channel"] or (before.channel if before else Channel.EMAIL)
        channel: AlertChannel = Channel.SMS if chosen == Channel.SMS else Channel.EMAIL
        threshold = None
        if kind is AlertKind.OVER_THRESHOLD:
            known = before.threshold_litres if before else None
            threshold = cleaned["threshold"] or known or self.initial["threshold"]
        return AlertChoice(bool(cleaned[f"{kind}_on"]), channel, threshold)

    def quiet_hours(self) -> Quiet | None:
        """Give the hours without alerts."""
        if not self.cleaned_data["quiet"]:
            return None
        return Quiet(self.cleaned_data["quiet_from"], self.cleaned_data["quiet_to"])

    def of_water(self) -> Iterator[Shown]:
        """Give the alerts on consumption."""
        return (self._shown(kind) for kind in OF_WATER)

    def of_invoices(self) -> Iterator[Shown]:
        """Give the alerts on invoices and charges."""
        return (self._shown(kind) for kind in AlertKind if kind not in OF_WATER)

    def _shown(self, kind: AlertKind) -> Shown:
        threshold = self["threshold"] if kind is AlertKind.OVER_THRESHOLD else None
        title, tells = TITLES[kind]
        on, channel = self[f"{kind}_on"], self[f"{kind}_channel"]
        return Shown(kind, title, tells, on, channel, threshold)


def _initial(alerts: Alerts, ends: tuple[Channel, ...], suggested: int) -> dict[str, Any]:
    """Give how the form stands at first: as it was set, else as the export says."""
    values: dict[str, Any] = {"threshold": suggested, "quiet": alerts.quiet is not None}
    values |= {"quiet_from": "22:00", "quiet_to": "08:00"}
    if alerts.quiet is not None:
        values |= {"quiet_from": alerts.quiet.starts, "quiet_to": alerts.quiet.ends}
    for kind in AlertKind:
        choice = alerts.choices.get(kind)
        values[f"{kind}_on"] = (
            alerts.on if choice is None and not alerts.choices else bool(choice and choice.on)
        )
        channel = choice.channel if choice and choice.channel in ends else None
        values[f"{kind}_channel"] = channel or (ends[0] if ends else None)
        if choice and choice.threshold_litres:
            values["threshold"] = choice.threshold_litres
    return values
