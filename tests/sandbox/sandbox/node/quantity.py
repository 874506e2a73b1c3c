"""Resource quantities as the downward API writes them."""

from __future__ import annotations

import math
from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity


def divide(value: str, divisor: str) -> str:
    """*value* in units of *divisor*, rounded up to a whole number: `500m` CPUs by `1` is `1`.

    Raises:
        ValueError: One of them is no quantity.
    """
    amount: Decimal = parse_quantity(value)
    unit: Decimal = parse_quantity(divisor)
    return str(math.ceil(amount / (unit or 1)))
