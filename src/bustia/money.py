"""Money: euros and cents, exact and rounded the way a bill is."""

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["CENT", "ZERO", "cents", "from_cents", "round_money"]

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def round_money(amount: Decimal) -> Decimal:
    """Round to whole cents, halves away from zero, as Spanish invoices do."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def cents(amount: Decimal) -> int:
    """Give an amount in euros as whole cents; raise ``ValueError`` if it has fractions of one."""
    scaled = amount * 100
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has fractions of a cent")
    return int(scaled)


def from_cents(amount_cents: int) -> Decimal:
    """Give whole cents as an amount in euros with two decimals."""
    return Decimal(amount_cents).scaleb(-2)
