"""The prices applied to a contract, in the words of the bill, and the social tariff."""

from collections.abc import Sequence
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from bustia.billing.models import Contract
from bustia.billing.prices import PriceRow, prices_of
from bustia.compose.labels import Labels
from bustia.instance import current_instance
from bustia.office.access import for_contract
from bustia.office.desk import labels

__all__ = ["tariffs"]


@require_safe
@for_contract
def tariffs(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show what a day and a cubic metre cost, by concept and block."""
    words = labels(request.LANGUAGE_CODE)
    prices = prices_of(contract.tariff, localdate(current_instance().now()))
    values = {
        "name": prices.name,
        "now": _told(prices.now, words),
        "coming": [
            (day, _told(tuple(rows), words))
            for day, rows in groupby(prices.coming, key=lambda row: row.valid_from)
        ],
    }
    return render(request, "office/tariffs/tariffs.html", values)


def _told(rows: Sequence[PriceRow], words: Labels) -> list[tuple[str, list[tuple[str, PriceRow]]]]:
    """Gather prices under their concept, each with its name on the bill."""
    return [
        (words(f"concept_{concept}"), [(_name(row, words), row) for row in those])
        for concept, those in groupby(rows, key=lambda row: row.concept)
    ]


def _name(row: PriceRow, words: Labels) -> str:
    if row.kind == "variable" and (row.block > 1 or row.block_to is not None):
        return words("line_block", block=str(row.block))
    return words(f"line_{row.kind}")
