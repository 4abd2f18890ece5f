"""What a fit depends on, in words and checksums: two fits with equal ones are the same fit."""

import hashlib
import json
from numbers import Integral
from typing import Any

import numpy as np

# how much of an array is looked at: all of a smaller one, evenly spaced rows of a larger one
BYTES_HASHED = 64 * 2**20
ROWS_PER_CHUNK = 1024

# parameters that change nothing of what is learnt
_IDLE = {"callbacks", "checkpoint_dir", "checkpoint_every", "verbose", "warm_start"}


def fingerprint(
    estimator: Any,
    X: np.ndarray,
    codes: np.ndarray,
    classes: np.ndarray,
    pool: np.ndarray | None,
) -> dict[str, str]:
    """Describe the estimator, its parameters and its data, entry by entry.

    Code of the user's is described by its name, and a `random_state` that is no int by its kind.
    """
    parameters = {
        name: _describe(name, value)
        for name, value in sorted(estimator.get_params(deep=False).items())
        if name not in _IDLE
    }
    labels = f"{codes.tolist()}{classes.dtype.kind}{classes.tolist()}"
    return {
        "estimator": type(estimator).__name__,
        **parameters,
        "X": _describe_rows(X),
        "y": f"{int((codes >= 0).sum())} labels of {len(codes)} rows, checksum {_checksum(labels)}",
        "X_unlabeled": "None" if pool is None else _describe_rows(pool),
    }


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Say which entries differ, and how."""
    return [
        f"{name} was {before.get(name, 'absent')} and is {now.get(name, 'absent')}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]


def short_name(entries: dict[str, str]) -> str:
    """Return a name for a file, the same for equal fingerprints alone."""
    return _checksum(json.dumps(entries, sort_keys=True))


def _describe(name: str, value: Any) -> str:
    if name == "random_state" and not isinstance(value, Integral):
        return type(value).__name__
    if callable(value):
        if hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        # ufuncs of older NumPy have a short name alone; other objects are told by their class
        kind = type(value)
        return f"{kind.__module__}.{getattr(value, '__name__', kind.__qualname__)}"
    if isinstance(value, np.generic):
        value = value.item()
    return repr(value)


def _describe_rows(rows: np.ndarray) -> str:
    """Return shape, dtype and checksum of an array or memory map."""
    row_bytes = max(1, rows.nbytes // max(1, len(rows)))
    n = int(np.clip(BYTES_HASHED // row_bytes, 1, max(1, len(rows))))
    index = np.unique(np.linspace(0, len(rows) - 1, n).astype(np.int64))
    digest = hashlib.sha256()
    for start in range(0, len(index), ROWS_PER_CHUNK):
        chunk = np.asarray(rows[index[start : start + ROWS_PER_CHUNK]])
        digest.update(np.ascontiguousarray(chunk).data)
    return f"{rows.dtype} {rows.shape}, checksum {digest.hexdigest()[:16]}"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
