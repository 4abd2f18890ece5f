"""The option `--set NAME=VALUE`, for parameters of estimators that have no option of their own."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidInputError

if TYPE_CHECKING:
    from .._base import BaseImageClassifier

OWN_OPTIONS = {
    "max_iter": "--steps",
    "augment": "--augment",
    "random_state": "--seed",
    "device": "--device",
    "verbose": "--quiet",
}


def parse_settings(
    settings: Sequence[str],
    kinds: Sequence[type[BaseImageClassifier]],
    *,
    fixed: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the parameters that `--set NAME=VALUE`, given any number of times, stands for.

    Parameters
    ----------
    settings : sequence of str
        Each value is a Python literal, its True, False and None in any case, or else a word.
    kinds : sequence of type
        Estimators, all of which must have the parameters and take the values.
    fixed : sequence of str, optional
        Parameters that cannot be set.

    Raises
    ------
    InvalidInputError
        If a name is not that of such a parameter, or has an option of its own.
    ValueError
        If an estimator does not take a value.
    """
    names = set.intersection(*(set(kind().get_params()) for kind in kinds)) - set(fixed)
    parameters = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in names:
            owners = " and ".join(kind.__name__ for kind in kinds)
            raise InvalidInputError(
                f"--set {setting}: expected NAME=VALUE with a parameter of {owners}: "
                f"{', '.join(sorted(names))}"
            )
        if name in OWN_OPTIONS:
            raise InvalidInputError(f"--set {setting}: pass {OWN_OPTIONS[name]} instead.")
        parameters[name] = _value(text)
    for kind in kinds:
        kind(**parameters)._validate_params()
    return parameters


def _value(text: str) -> Any:
    if text.lower() in ("true", "false", "none"):
        text = text.capitalize()
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # a word, such as cosine
