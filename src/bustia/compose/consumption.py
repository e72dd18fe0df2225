"""How much water was used: this period, a day, and over the periods before."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from bustia.billing.facts import Facts
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
_MOST_PALETTES = 10
_MOST_PERIODS = 5_000
_MOST_COMPARISONS = 3_000
_MOST_DAYS = 1_000
"""How much is remembered: in a town, one period in a hundred and one comparison in ten differ."""


def consumption_view(facts: Facts, labels: Labels, colours: Colours) -> ConsumptionView | None:
    """Show the water used, or nothing where the bill knows of none: credit notes, e-invoices."""
    history = facts.consumption.history[-CHART_PERIODS:]
    if facts.invoice.kind == "credit_note" or not history:
        return None
    language = labels.language
    palette = _palette(colours)
    bars, told, columns = [], [], []
    year, present = 0, history[-1]
    for point in history:
        words, column = _period(
            point.period_to,
            str(point.m3),
            point.estimated,
            point.period_to.year != year,
            point is present,
            labels,
        )
        bars.append(Bar(float(point.m3), point.estimated, point is present))
        told.append(words)
        columns.append(column)
        year = point.period_to.year
    return ConsumptionView(
        figure=Text(f"{number(facts.invoice.consumption_m3, language)} m³"),
        litres=Text(number(facts.consumption.litres_a_day, language)),
        chart=bar_chart(bars, *_CHART, palette, labels("chart_alt", values=", ".join(told))),
        columns=tuple(columns),
        has_estimates=any(point.estimated for point in history),
        comparison=_comparison(
            facts.consumption.litres_a_day,
            facts.consumption.average_litres_a_day,
            facts.consumption.change_percent,
            palette,
            labels,
        ),
        readings=_readings(facts, labels),
    )


@lru_cache(maxsize=_MOST_PALETTES)
def _palette(colours: Colours) -> Palette:
    return Palette(past="#A9CCCD", present=colours.brand, line=colours.rule)


@lru_cache(maxsize=_MOST_PERIODS)
def _period(
    period_to: date,
    m3: str,
    estimated: bool,
    new_year: bool,
    present: bool,
    labels: Labels,
) -> tuple[str, ChartColumn]:
    """Give what is told of a period, and what stands below its bar."""
    language = labels.language
    month, year = month_short(period_to, language), str(period_to.year)
    value = number(Decimal(m3), language)
    told = f"{month} {year}: {value} m³"
    if estimated:
        told += f" ({labels('estimated')})"
    return told, ChartColumn(
        Text(value),
        Text(month.removesuffix(".")),
        Text(year if new_year else ""),
        present,
    )


@lru_cache(maxsize=_MOST_COMPARISONS)
def _comparison(
    litres: int, average: int, change_percent: int, palette: Palette, labels: Labels
) -> ComparisonView | None:
    """Compare the litres a day with the last year's, where these are known."""
    if average <= 0:
        return None
    language = labels.language
    now, before = (
        labels("litres_a_day", litres=number(value, language)) for value in (litres, average)
    )
    if change_percent == 0:
        change = labels("as_before")
    else:
        key = "more_than_before" if change_percent > 0 else "less_than_before"
        change = labels(key, percent=percent(abs(change_percent), language))
    alt = labels("comparison_alt", now=now, before=before)
    drawing = comparison((litres, average), *_COMPARISON, palette, alt)
    return ComparisonView(drawing, Text(now), Text(before), Prose(change))


def _readings(facts: Facts, labels: Labels) -> tuple[Particular, ...]:
    invoice, meter, language = facts.invoice, facts.meter, labels.language
    rows = []
    if meter.known:
        serial = Prose(f"{meter.serial} · {meter.calibre_mm} mm")
        rows.append(Particular(Prose(labels("meter")), serial))
        rows.append(_way_of_reading(meter.remote_read, labels))
    if invoice.reading_from is not None:
        value = Prose(f"{number(invoice.reading_from, language)} m³")
        rows.append(Particular(_reading("reading_from", invoice.period_from, labels), value))
    if invoice.reading_to is not None:
        key = "reading_estimated" if invoice.estimated else "reading_to"
        value = Prose(f"{number(invoice.reading_to, language)} m³")
        rows.append(Particular(_reading(key, invoice.period_to, labels), value))
    following = facts.calendar.next_issue_date
    if following is not None:
        rows.append(_next_bill(following, labels))
    return tuple(rows)


@lru_cache(maxsize=_MOST_DAYS)
def _way_of_reading(remote: bool, labels: Labels) -> Particular:
    kind = labels("meter_remote" if remote else "meter_manual")
    return Particular(Prose(labels("meter_reading")), Prose(kind))


@lru_cache(maxsize=_MOST_DAYS)
def _reading(key: str, day: date, labels: Labels) -> Prose:
    """Give the label of a reading, which says its day."""
    return Prose(labels(key, day=date_short(day, labels.language)[:5]))


@lru_cache(maxsize=_MOST_DAYS)
def _next_bill(day: date, labels: Labels) -> Particular:
    return Particular(Prose(labels("next_bill")), Prose(date_long(day, labels.language)))
