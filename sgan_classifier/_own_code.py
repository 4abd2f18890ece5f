"""Parameters that hold code of the user's: a file stores that they do, and no code."""

from typing import Any

from ._plain import decode, encode
from .exceptions import InvalidInputError

# parameter -> argument of `persistence.load` by which the code comes back
ARGUMENTS = {"network": "networks", "augment": "augment", "callbacks": "callbacks"}


def encode_options(options: dict[str, Any]) -> dict[str, Any]:
    """Encode values by name, and code of the user's as a mark that it was there."""
    return {
        name: {"own": name} if _is_own_code(name, value) else encode(value)
        for name, value in options.items()
    }


def decode_options(options: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return what `encode_options` was given, with `own` in the place of the marks."""
    return {
        name: own[name] if _is_mark(value) else decode(value) for name, value in options.items()
    }


def check_own_code(encoded: list[dict[str, Any]], own: dict[str, Any]) -> None:
    """Raise if code that is marked in `encoded` is missing in `own`, or the other way round."""
    marked = {name for options in encoded for name, value in options.items() if _is_mark(value)}
    for name, argument in ARGUMENTS.items():
        given = own[name]
        if name in marked and given is None:
            raise InvalidInputError(
                f"The estimator was saved with {name} of your own, and a file holds no code. Pass "
                f"it again: load(path, {argument}=...)."
            )
        if name not in marked and given is not None:
            raise InvalidInputError(
                f"{argument}={given!r} was given, but the estimator was saved with no {name} of "
                f"your own. Leave out {argument}; set_params changes a loaded estimator."
            )


def _is_own_code(name: str, value: Any) -> bool:
    return name in ARGUMENTS and (callable(value) or (name == "callbacks" and bool(value)))


def _is_mark(value: Any) -> bool:
    return isinstance(value, dict) and "own" in value
