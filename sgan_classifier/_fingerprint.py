"""What a fit depends on, in words and checksums: two fits with equal ones are the same fit."""

import functools
import hashlib
import json
import types
from contextlib import suppress
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from joblib.hashing import NumpyHasher
from torch import Tensor

# how much of an array is looked at: all of a smaller one, evenly spaced rows of a larger one
BYTES_HASHED = 64 * 2**20
ROWS_PER_CHUNK = 1024

# parameters that change nothing of what is learnt
_IDLE = {"callbacks", "checkpoint_dir", "checkpoint_every", "verbose", "warm_start"}


@functools.cache
def code_hash(*others: Path) -> str:
    """Return twelve digits that change with the code of this package, and of other folders.

    Fits stored by other code are not taken for fits of this.
    """
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, *others):
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def fingerprint(
    estimator: Any,
    X: np.ndarray,
    codes: np.ndarray,
    classes: np.ndarray,
    pool: np.ndarray | None,
) -> dict[str, str]:
    """Describe the estimator, its parameters and its data, entry by entry.

    Code of the user's is described by its name and a checksum, and a `random_state` that is no int
    by its kind.
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
        return _describe_callable(value)
    if isinstance(value, np.generic):
        value = value.item()
    return repr(value)


def _describe_callable(value: Any) -> str:
    """Name a callable of the user's, with a checksum of what it does as far as it can be seen."""
    if isinstance(value, functools.partial):
        parts = [_describe_callable(value.func), *map(_content, (value.args, value.keywords))]
        return f"partial of {parts[0]}, checksum {_checksum(str(parts))}"
    if isinstance(value, types.MethodType):
        parts = [_content(value.__self__), _describe_callable(value.__func__)]
        return f"{value.__module__}.{value.__qualname__}, checksum {_checksum(str(parts))}"
    if isinstance(value, types.FunctionType):
        parts = _parts(value)
        return f"{value.__module__}.{value.__qualname__}, checksum {_checksum(str(parts))}"
    if hasattr(value, "__qualname__"):  # a class, or compiled code
        return f"{value.__module__}.{value.__qualname__}"
    kind = type(value)  # ufuncs of older NumPy have a short name alone
    name = f"{kind.__module__}.{getattr(value, '__name__', kind.__qualname__)}"
    return f"{name}, checksum {_content(value)}"


def _parts(function: types.FunctionType) -> list[str]:
    """Return what a function does: its code, its defaults and the variables that it encloses."""
    values = [function.__defaults__, function.__kwdefaults__]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # one that is still empty
            values.append(cell.cell_contents)
    return [*_code(function.__code__), *map(_content, values)]


def _code(code: types.CodeType) -> list[str]:
    """Return the code without the names and numbers of its file's lines."""
    parts = [code.co_code.hex(), str(code.co_names)]
    for constant in code.co_consts:
        is_code = isinstance(constant, types.CodeType)
        parts += _code(constant) if is_code else [_content(constant)]
    return parts


class _Hasher(NumpyHasher):
    """joblib's, that knows tensors by their values, and frozen sets in whatever order they are."""

    def save(self, obj: Any) -> None:
        if isinstance(obj, Tensor):
            obj = (str(obj.dtype), obj.detach().cpu().double().numpy())
        elif isinstance(obj, frozenset):
            obj = ("frozenset", set(obj))
        super().save(obj)


def _content(value: Any) -> str:
    """Return a checksum, the same in every process; of what cannot be pickled, the kind alone."""
    if isinstance(value, types.FunctionType):
        return str([value.__qualname__, *_code(value.__code__)])
    try:
        return _Hasher("md5").hash(value)
    except Exception:  # whatever pickling it raises
        return type(value).__qualname__


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
