"""Money: an integer number of minor units and a currency, never a float."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Self

from babel.numbers import get_currency_precision

from tandem.kernel.errors import Invalid


class UnlikeCurrencies(Invalid):
    """Amounts of different currencies cannot be added; convert them first."""

    code = "unlike_currencies"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount: ``minor`` units (pence, cents, yen) of ``currency`` (ISO 4217, three letters)."""

    minor: int
    currency: str

    @classmethod
    def from_major(cls, amount: Decimal, currency: str) -> Self:
        """Round a decimal amount in major units half to even to the currency's minor units."""
        exponent = Decimal(1).scaleb(-get_currency_precision(currency))
        return cls(
            minor=int(amount.quantize(exponent, rounding=ROUND_HALF_EVEN) / exponent),
            currency=currency,
        )

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def __add__(self, other: "Money") -> "Money":
        self._refuse_unlike(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._refuse_unlike(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def _refuse_unlike(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise UnlikeCurrencies(f"{self.currency} and {other.currency} cannot be added.")


def split(total: Money, weights: list[Decimal]) -> list[Money]:
    """Share an amount by weights so that the parts sum to it exactly (largest remainder method).

    Weights are non-negative and not all zero; ties go to the earlier part.
    """
    whole = sum(weights, Decimal(0))
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise Invalid("Weights must be non-negative and not all zero.")
    exact = [Decimal(total.minor) * weight / whole for weight in weights]
    floors = [int(share.to_integral_value(rounding=ROUND_FLOOR)) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for i in by_remainder[: total.minor - sum(floors)]:
        floors[i] += 1
    return [Money(minor, total.currency) for minor in floors]
