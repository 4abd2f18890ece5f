"""Hypothesis strategies for what a user may hand to `fit`: mostly sound, often odd.

A strategy draws choices and a seed for the values: arrays of any size cost hypothesis nothing.
"""

import tempfile
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from hypothesis import strategies as st

from sgan_classifier.model_selection import UnlabeledPool

# the first of each list is what hypothesis shrinks to, and is sound
ROW_SHAPES = [
    (4, 4),
    (5, 7),
    (6, 4, 3),
    (3, 4, 6),
    (3,),
    (1,),
    (16,),
    (4, 4, 4),
    (4, 3),
    (2, 2, 2, 2),
    (),
]
DTYPES = [
    "u1",
    "f4",
    "f8",
    "?",
    "i1",
    "i2",
    "i8",
    "u2",
    "u8",
    "f2",
    "g",
    ">f4",
    ">u2",
    "O",
    "c8",
    "U8",
    "M8[s]",
]
VALUES = [
    "noise",
    "constant",
    "zeros",
    "variance of 1e-30",
    "1e9",
    "1e30",
    "huge",
    "NaN",
    "infinity",
]
STORAGE = [
    "plain",
    "read-only",
    "Fortran",
    "reversed",
    "strided",
    "broadcast",
    "memory map",
    "list",
    "masked, none",
    "masked, some",
    "DataFrame",
    "nullable DataFrame",
    "csr",
    "coo",
    "tensor",
    "matrix",
    "mixed columns",
    "equal columns",
    "ragged",
    "missing objects",
    "text objects",
    "missing",
    "scalar",
    "bfloat16",
    "subnormal",
]
LABELS = [
    "int",
    "uint8",
    "negative",
    "float",
    "NaN",
    "str",
    "None",
    "bytes",
    "bool",
    "pd.NA",
    "Int64",
    "category",
    "Series",
    "list",
    "huge",
    "beyond 64 bits",
    "column",
    "two columns",
    "continuous",
    "mixed",
    "text -1",
    "masked",
    "too short",
    "sparse",
    "missing",
    "dates",
    "DataFrame",
    "tensor",
    "scalar",
    "infinity",
    "complex",
    "nested",
    "all different",
]
INDEXES = ["range", "duplicates", "text", "two levels", "reversed", "floats"]
POOLS = [
    "none",
    "array",
    "UnlabeledPool",
    "memory map",
    "empty",
    "another shape",
    "another dtype",
    "NaN in the last row",
    "csr",
    "DataFrame",
    "as X",
    "ragged",
    "missing",
    "tensor",
]


def mostly(first, options, share=4):
    """Draw `first` `share` times out of `share` + 1, else any of the options."""
    return st.integers(0, share).flatmap(
        lambda i: st.sampled_from(options) if i == share else st.just(first)
    )


@dataclass
class Case:
    """What was chosen; `build` makes the arrays."""

    n_rows: int
    row_shape: tuple
    dtype: str
    values: str
    storage: str
    index: str
    labels: str
    n_classes: int
    n_labeled: int
    balance: str
    pool: str
    n_pool: int
    seed: int
    params: dict = field(default_factory=dict)

    def build(self):
        """Return (X, y, X_unlabeled)."""
        rng = np.random.default_rng(self.seed)
        plain = rows_of(self.values, (self.n_rows, *self.row_shape), self.dtype, rng)
        X = stored(plain, self.storage, self.index, rng)
        return X, self._labels(rng), self._pool(plain, rng)

    def _labels(self, rng):
        codes = np.arange(self.n_rows) % self.n_classes
        if self.balance == "rare":
            codes = np.minimum(np.arange(self.n_rows), self.n_classes - 1)[::-1]
        unlabeled = rng.permutation(self.n_rows) >= self.n_labeled
        return labels_of(self.labels, codes, unlabeled, self.index)

    def _pool(self, plain, rng):
        if self.pool == "none":
            return None
        n = 0 if self.pool == "empty" else self.n_pool
        shape = (n, *self.row_shape)
        if self.pool == "another shape":
            shape = (n, *self.row_shape, 2)
        dtype = "f8" if self.pool == "another dtype" else self.dtype
        rows = rows_of(self.values, shape, dtype, rng)
        if self.pool == "NaN in the last row" and rows.size and rows.dtype.kind == "f":
            rows[-1].flat[-1:] = np.nan
        if self.pool == "as X":
            return plain
        storage = "memory map" if self.pool == "NaN in the last row" else self.pool
        rows = stored(rows, storage, self.index, rng)
        return UnlabeledPool(rows) if self.pool == "UnlabeledPool" else rows


@st.composite
def cases(draw):
    """Draw a `Case`: any one thing is sound four times in five."""
    n_classes = draw(mostly(2, [2, 3, 5, 1, 30]))
    n_rows = draw(st.one_of(st.integers(4, 24), mostly(12, [12, 1, 2, 3, 0, 40])))
    n_labeled = draw(mostly(min(n_rows, 3 * n_classes), [n_rows, n_classes, 1, 0]))
    params = {
        "scaling": draw(mostly("auto", ["auto", None, "range", "standard", "unit", "per_image"])),
        "learning_rate": draw(mostly(2e-3, [2e-3, 1e3, 1e30], share=5)),
        "batch_size": draw(mostly(3, [3, 1, 7])),
        "max_iter": draw(st.sampled_from([1, 2])),
        "class_weight": draw(mostly(None, [None, "balanced"])),
        "early_stopping": draw(mostly(False, [False, True], share=9)),
        "augment": draw(mostly("auto", ["auto", None, ("flip", "affine", "brightness", "cutout")])),
        "image_shape": draw(mostly(None, [None, (4, 4), (4, 4, 1), (3, 4, 6)], share=6)),
    }
    return Case(
        n_rows=n_rows,
        row_shape=draw(st.one_of(st.sampled_from(ROW_SHAPES[:7]), mostly((4, 4), ROW_SHAPES))),
        dtype=draw(st.one_of(st.sampled_from(DTYPES[:3]), mostly("u1", DTYPES, share=1))),
        values=draw(mostly("noise", VALUES, share=3)),
        storage=draw(mostly("plain", STORAGE, share=1)),
        index=draw(st.sampled_from(INDEXES)),
        labels=draw(mostly("int", LABELS, share=1)),
        n_classes=n_classes,
        n_labeled=n_labeled,
        balance=draw(mostly("even", ["even", "rare"])),
        pool=draw(mostly("none", POOLS, share=1)),
        n_pool=draw(st.sampled_from([7, 1, 30])),
        seed=draw(st.integers(0, 2**16)),
        params=params,
    )


def rows_of(values, shape, dtype, rng):
    """Rows of some dtype, with a kind of values that it may or may not be able to hold."""
    noise = rng.integers(0, 256, shape)
    if dtype == "U8":
        return noise.astype("U8")
    if dtype == "M8[s]":
        return noise.astype(dtype)
    kind = np.dtype(dtype).kind
    with np.errstate(all="ignore"):
        if values == "constant":
            rows = np.full(shape, 7.0)
        elif values == "zeros":
            rows = np.zeros(shape)
        elif values == "variance of 1e-30":
            rows = noise * 1e-17
        elif values in ("1e9", "1e30"):
            rows = noise * (float(values) / 256)
        elif values == "huge" and kind == "O":
            return np.array([10**400] * noise.size, dtype=object).reshape(shape)
        elif values == "huge" and kind in "iu":
            return np.iinfo(dtype).max - (noise % 100).astype(dtype)
        elif values == "huge":
            rows = noise * 1e36
        else:
            rows = noise.astype(float)
        if values in ("NaN", "infinity") and rows.size:
            rows.flat[-1] = np.nan if values == "NaN" else np.inf
        return rows.astype(dtype)


def index_of(kind, n):
    """Indexes of a table that are no 0, 1, 2."""
    return {
        "range": pd.RangeIndex(n),
        "duplicates": pd.Index([5] * n),
        "text": pd.Index([f"row {i}" for i in range(n)]),
        "two levels": pd.MultiIndex.from_arrays(
            [[i // 2 for i in range(n)], [i % 2 for i in range(n)]]
        ),
        "reversed": pd.RangeIndex(n, 0, -1),
        "floats": pd.Index(np.arange(n) * 0.5),
    }[kind]


def stored(rows, storage, index, rng):
    """The same values, kept in another way; plain where they cannot be kept so."""
    if storage == "read-only":
        rows = rows.copy()
        rows.flags.writeable = False
    elif storage == "Fortran":
        rows = np.asfortranarray(rows)
    elif storage == "reversed":
        rows = rows[::-1]
    elif storage == "strided":
        rows = np.repeat(rows, 2, axis=0)[::2]
    elif storage == "broadcast" and len(rows):
        rows = np.broadcast_to(rows[0], rows.shape)
    elif storage == "memory map" and rows.size and rows.dtype.kind != "O":
        with tempfile.TemporaryFile() as file:
            mapped = np.memmap(file, dtype=rows.dtype, mode="w+", shape=rows.shape)
        mapped[:] = rows
        rows = mapped
    elif storage == "list":
        return rows.tolist()
    elif storage.startswith("masked"):
        mask = np.zeros(rows.shape, bool)
        if storage == "masked, some":
            mask.flat[-1:] = True
        return np.ma.MaskedArray(rows, mask)
    elif storage.endswith("DataFrame") and rows.ndim == 2:
        frame = pd.DataFrame(rows, index=index_of(index, len(rows)))
        frame.columns = [f"c{i}" for i in range(rows.shape[1])]
        return frame.convert_dtypes() if storage.startswith("nullable") else frame
    elif storage in ("csr", "coo") and rows.ndim == 2 and rows.dtype.kind in "iuf":
        wide = rows.astype(np.float64)
        return sp.csr_array(wide) if storage == "csr" else sp.coo_matrix(wide)
    elif storage == "tensor" and rows.dtype in (np.uint8, np.float32, np.float64, np.int64):
        return torch.from_numpy(np.ascontiguousarray(rows))
    elif storage == "matrix" and rows.ndim == 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # that is why it is odd
            return np.matrix(rows)
    elif storage in ("mixed columns", "equal columns") and rows.ndim == 2:
        frame = pd.DataFrame(rows)
        names = range(rows.shape[1]) if storage == "mixed columns" else ["c"] * rows.shape[1]
        frame.columns = pd.Index([*names][:-1] + ["c"], dtype=object)
        return frame
    elif storage == "ragged" and len(rows) and rows.ndim > 1:
        return [*rows.tolist()[:-1], rows.tolist()[-1][:-1]]
    elif storage in ("missing objects", "text objects") and rows.size:
        rows = rows.astype(object)
        rows.flat[-1] = None if storage == "missing objects" else "crater"
    elif storage == "missing":
        return None
    elif storage == "scalar":
        return 3.0
    elif storage == "bfloat16" and rows.dtype.kind in "iuf" and rows.dtype.itemsize <= 4:
        return torch.from_numpy(rows.astype(np.float32)).bfloat16()
    elif storage == "subnormal":
        return np.random.default_rng(rows.size).integers(0, 9, rows.shape) * np.float32(1e-45)
    return rows


def labels_of(kind, codes, unlabeled, index):
    """Labels of some kind, with its own marker where a row is unlabelled."""
    n = len(codes)
    marked = np.where(unlabeled, -1, codes)
    names = np.array([f"class {code}" for code in codes], dtype=object)
    as_object = marked.astype(object)
    as_object[unlabeled] = None
    makers = {
        "int": lambda: marked,
        "uint8": lambda: codes.astype(np.uint8),  # no marker: all are labels
        "negative": lambda: np.where(unlabeled, -1, -2 - codes),
        "float": lambda: marked.astype(np.float32),
        "NaN": lambda: np.where(unlabeled, np.nan, codes),
        "str": lambda: names.astype(str),
        "None": lambda: np.where(unlabeled, None, names),
        "bytes": lambda: names.astype("S"),
        "bool": lambda: np.where(unlabeled, None, (codes % 2).astype(bool)),
        "pd.NA": lambda: np.where(unlabeled, pd.NA, names),
        "Int64": lambda: pd.Series(as_object, index=index_of(index, n), dtype="Int64"),
        "category": lambda: pd.Series(
            np.where(unlabeled, None, names), index=index_of(index, n), dtype="category"
        ),
        "Series": lambda: pd.Series(marked, index=index_of(index, n)),
        "list": lambda: marked.tolist(),
        "huge": lambda: np.where(unlabeled, -1, 2**62 + codes),
        "beyond 64 bits": lambda: np.array(
            [-1 if u else 2**70 + int(c) for u, c in zip(unlabeled, codes, strict=True)],
            dtype=object,
        ),
        "column": lambda: marked[:, None],
        "two columns": lambda: np.stack([marked, marked], axis=1),
        "continuous": lambda: np.where(unlabeled, -1, codes + 0.5),
        "mixed": lambda: np.where(codes % 2 == 0, names, as_object),
        "text -1": lambda: np.where(unlabeled, "-1", names).astype(str),
        "masked": lambda: np.ma.MaskedArray(codes, unlabeled),
        "too short": lambda: marked[:-1],
        "sparse": lambda: sp.csr_array(marked[None].astype(float)),
        "missing": lambda: None,
        "dates": lambda: codes.astype("M8[D]"),
        "DataFrame": lambda: pd.DataFrame({"label": marked}, index=index_of(index, n)),
        "tensor": lambda: torch.from_numpy(marked),
        "scalar": lambda: 1,
        "infinity": lambda: np.where(unlabeled, -1, np.where(codes > 0, np.inf, 0.0)),
        "complex": lambda: marked + 0j,
        "nested": lambda: nested(marked),
        "all different": lambda: np.arange(n),
    }
    return makers[kind]()


def nested(labels):
    """An array that holds a list in each row."""
    array = np.empty(len(labels), dtype=object)
    for i, label in enumerate(labels):
        array[i] = [label]
    return array
