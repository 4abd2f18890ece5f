"""Parameters of functions that have to be numbers."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from .exceptions import InvalidInputError


def check_number(name: str, value: Any) -> None:
    """Refuse what is no number, such as a string of digits."""
    if not isinstance(value, Real):
        raise InvalidInputError(f"{name}={value!r} is no number. Pass one.")


def check_whole_number(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least `least`."""
    if not isinstance(value, Integral) or value < least:
        raise InvalidInputError(f"{name}={value!r} is not a whole number of at least {least}.")


def is_pair(values: Any) -> bool:
    """Tell whether these are two numbers."""
    return np.iterable(values) and [isinstance(value, Real) for value in values] == [True, True]


def as_pair(values: Any) -> tuple:
    """Return a pair of one value twice, or the values that are given, of whatever number."""
    return tuple(values) if np.iterable(values) else (values, values)
