"""Carry unlabelled rows through scikit-learn's searches in one piece."""

from __future__ import annotations

import mmap
import warnings
from typing import Any

import numpy as np

from .exceptions import PoolCutWarning

_NO_ARRAY = (
    "An UnlabeledPool cannot be used as an array: it only passes through a search to the fit of an "
    "estimator that takes X_unlabeled. Use pool.array; or, where the pool has to be transformed by "
    "a Pipeline inside a search, stack its rows under X with -1 in y and search with "
    "cv=SemiSupervisedKFold()."
)


class UnlabeledPool:
    """Unlabelled rows that a search hands to every fit in one piece.

    scikit-learn cuts each fit argument whose length equals that of `X` down to the training fold,
    silently. A pool has no length, so ``GridSearchCV(...).fit(X, y, X_unlabeled=pool)`` passes all
    of it to every fit, however long it is.

    A memory map travels to other processes as the name of its file; joblib shares arrays of more
    than a megabyte among its workers in the same way. Neither is copied for each fit.

    Parameters
    ----------
    array : array-like of shape (n_samples, ...)
        The rows, in the layout of the `X` beside them. It is neither copied nor changed.

    Attributes
    ----------
    array : array-like of shape (n_samples, ...)
        The rows as they were given.

    Notes
    -----
    scikit-learn's transformers cannot read a pool, so a ``Pipeline`` with ``transform_input`` takes
    one with an error. To search over a pipeline, stack the rows under `X` with -1 in `y`, and use
    ``cv=SemiSupervisedKFold()``: then every row goes through the same transforms.

    On a cluster, a memory map's file must have the same path on every machine.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.model_selection import UnlabeledPool
    >>> UnlabeledPool(np.zeros((500, 8, 8), dtype=np.uint8))
    UnlabeledPool(array of shape (500, 8, 8), dtype uint8)
    """

    def __init__(self, array: Any):
        self.array: Any = array.array if isinstance(array, UnlabeledPool) else array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        # NumPy asks for this in np.asarray. Without it, it would make a 0-d array of objects, and
        # scikit-learn would complain about a scalar.
        raise TypeError(_NO_ARRAY)

    def __getattr__(self, name: str) -> Any:
        # Called for what the class lacks, such as the reshape of a FunctionTransformer.
        raise AttributeError(f"UnlabeledPool has no attribute {name!r}. {_NO_ARRAY}")

    def __repr__(self) -> str:
        if not hasattr(self.array, "shape"):
            return f"UnlabeledPool({type(self.array).__name__})"
        kind = "memory map" if isinstance(self.array, np.memmap) else "array"
        dtype = getattr(self.array, "dtype", None)
        return f"UnlabeledPool({kind} of shape {self.array.shape}, dtype {dtype})"

    def __getstate__(self) -> dict[str, Any]:
        reference = _memmap_reference(self.array)
        return {"array": self.array} if reference is None else {"memmap": reference}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.array = np.memmap(**state["memmap"]) if "memmap" in state else state["array"]


def warn_if_cut(X: Any, X_unlabeled: Any) -> None:
    """Warn of a bare array that is as long as `X`, as one is that a search cut.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        What `fit` got.
    X_unlabeled : None, UnlabeledPool or array-like of shape (m, ...)
        What `fit` got beside it.

    Warns
    -----
    PoolCutWarning
        If `X_unlabeled` is no pool and has the length of `X`.
    """
    if X_unlabeled is None or isinstance(X_unlabeled, UnlabeledPool) or len(X_unlabeled) != len(X):
        return
    warnings.warn(
        f"X_unlabeled has as many rows as X ({len(X)}). Inside a search, scikit-learn silently "
        "cuts such an array down to the training fold. Pass X_unlabeled=UnlabeledPool(array), of "
        "sgan_classifier.model_selection, which it leaves whole; that also silences this warning.",
        PoolCutWarning,
        stacklevel=5,  # the line that called fit
    )


def _memmap_reference(array: Any) -> dict[str, Any] | None:
    """Return what ``np.memmap`` needs to open the rows again; None if they must be copied."""
    if not isinstance(array, np.memmap) or array.filename is None:
        return None
    contiguous = array.flags.c_contiguous or array.flags.f_contiguous
    if array.mode == "c" or not contiguous or array.size == 0:
        return None  # changes of a copy-on-write map are in memory only
    # A slice of a memory map keeps the offset of the whole, so the place of its first byte is
    # measured in memory. The map itself starts at a multiple of the allocation granularity.
    whole_map = np.frombuffer(array._mmap, dtype=np.uint8)  # type: ignore[attr-defined]
    map_offset = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    return {
        "filename": array.filename,
        "dtype": array.dtype,
        "mode": "r",
        "offset": map_offset + array.ctypes.data - whole_map.ctypes.data,
        "shape": array.shape,
        "order": "C" if array.flags.c_contiguous else "F",
    }
