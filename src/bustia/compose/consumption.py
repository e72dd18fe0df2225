"""How much water was used: this period, a day, and over the periods before."""

from bustia.billing.facts import Facts, HistoryPoint
from bustia.compose.chart import Bar, Palette, bar_chart, comparison
from bustia.compose.company import Colours
from bustia.compose.labels import Labels
from bustia.compose.parts import (
    ChartColumn,
    ComparisonView,
    ConsumptionView,
    Particular,
    Prose,
    Text,
)
from bustia.formatting import date_long, date_short, month_short, number, percent

__all__ = ["CHART_PERIODS", "consumption_view"]

CHART_PERIODS = 7
"""This period and those of a year before: billing is every two months."""
_CHART = (150.0, 62.0)
_COMPARISON = (66.0, 15.0)


def consumption_view(facts: Facts, labels: Labels, colours: Colours) -> ConsumptionView | None:
    """Show the water used, or nothing where the bill knows of none: credit notes, e-invoices."""
    history = facts.consumption.history[-CHART_PERIODS:]
    if facts.invoice.kind == "credit_note" or not history:
        return None
    language = labels.language
    palette = Palette(past="#A9CCCD", present=colours.brand, line=colours.rule)
    told = ", ".join(
        f"{month_short(point.period_to, language)} {point.period_to.year}:"
        f" {number(point.m3, language)} m³"
        + (f" ({labels('estimated')})" if point.estimated else "")
        for point in history
    )
    bars = [Bar(float(point.m3), point.estimated, point is history[-1]) for point in history]
    return ConsumptionView(
        figure=Text(f"{number(facts.invoice.consumption_m3, language)} m³"),
        litres=Text(number(facts.consumption.litres_a_day, language)),
        chart=bar_chart(bars, *_CHART, palette, labels("chart_alt", values=told)),
        columns=tuple(
            _column(point, history[place - 1] if place else None, point is history[-1], language)
            for place, point in enumerate(history)
        ),
        has_estimates=any(point.estimated for point in history),
        comparison=_comparison(facts, labels, palette),
        readings=_readings(facts, labels),
    )


def _column(
    point: HistoryPoint, before: HistoryPoint | None, present: bool, language: str
) -> ChartColumn:
    new_year = before is None or before.period_to.year != point.period_to.year
    return ChartColumn(
        Text(number(point.m3, language)),
        Text(month_short(point.period_to, language).removesuffix(".")),
        Text(str(point.period_to.year) if new_year else ""),
        present,
    )


def _comparison(facts: Facts, labels: Labels, palette: Palette) -> ComparisonView | None:
    used = facts.consumption
    if used.average_litres_a_day <= 0:
        return None
    language = labels.language
    now, before = (
        labels("litres_a_day", litres=number(value, language))
        for value in (used.litres_a_day, used.average_litres_a_day)
    )
    if used.change_percent == 0:
        change = labels("as_before")
    else:
        key = "more_than_before" if used.change_percent > 0 else "less_than_before"
        change = labels(key, percent=percent(abs(used.change_percent), language))
    drawing = comparison(
        (used.litres_a_day, used.average_litres_a_day),
        *_COMPARISON,
        palette,
        labels("comparison_alt", now=now, before=before),
    )
    return ComparisonView(drawing, Text(now), Text(before), Prose(change))


def _readings(facts: Facts, labels: Labels) -> tuple[Particular, ...]:
    invoice, meter, language = facts.invoice, facts.meter, labels.language
    rows = []
    if meter.known:
        kind = labels("meter_remote" if meter.remote_read else "meter_manual")
        rows.append((labels("meter"), f"{meter.serial} · {meter.calibre_mm} mm"))
        rows.append((labels("meter_reading"), kind))
    if invoice.reading_from is not None:
        day = date_short(invoice.period_from, language)[:5]
        rows.append(
            (labels("reading_from", day=day), f"{number(invoice.reading_from, language)} m³")
        )
    if invoice.reading_to is not None:
        day = date_short(invoice.period_to, language)[:5]
        key = "reading_estimated" if invoice.estimated else "reading_to"
        rows.append((labels(key, day=day), f"{number(invoice.reading_to, language)} m³"))
    following = facts.calendar.next_issue_date
    if following is not None:
        rows.append((labels("next_bill"), date_long(following, language)))
    return tuple(Particular(Prose(label), Prose(value)) for label, value in rows)
