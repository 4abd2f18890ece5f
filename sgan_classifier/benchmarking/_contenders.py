"""What the label-efficiency benchmark compares: the same six methods for every kind of data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from .. import CNNClassifier, SGANClassifier, recipes
from ._data import BenchmarkData

SGAN = "SGAN"
SGAN_2021 = "SGAN, 2021 recipe"
CNN = "CNN, same network"
CNN_OWN = "CNN, own best steps"
CNN_2021 = "CNN, 2021 network"
SPREADING = "LabelSpreading"
SELF_TRAINING = "SelfTraining"
LOGISTIC = "LogisticRegression"
BOOSTING = "GradientBoosting"
LABELED_ONLY = (LOGISTIC, BOOSTING)  # which cannot be shown an unlabelled row

METHODS = {  # the names to choose methods by, which are words
    "SGAN": SGAN,
    "SGAN-2021": SGAN_2021,
    "CNN": CNN,
    "CNN-2021": CNN_2021,
    "LabelSpreading": SPREADING,
    "SelfTraining": SELF_TRAINING,
    "LogisticRegression": LOGISTIC,
    "GradientBoosting": BOOSTING,
}

OF_DATA = ("augment", "scaling", "max_iter")  # may be chosen by kind of data, also for the recipe

# Above this many rows LabelSpreading's dense matrix (8 bytes a pair of rows) gives way to a sparse
# graph of nearest neighbours.
MAX_DENSE_ROWS = 10_000
MAX_LANDMARKS = 500


def make_contenders(
    data: BenchmarkData,
    *,
    max_iter: int | None = None,
    device: str = "auto",
    methods: Sequence[str] | None = None,
) -> dict[str, BaseEstimator]:
    """Return the methods to compare, by name.

    Parameters
    ----------
    data : BenchmarkData
        Its `parameters` are set on all four networks, so that they differ in nothing else; on the
        recipe, but `OF_DATA`, only those that it does not name.
    max_iter : int, optional
        Steps of every network, for a quick look; by default each estimator's own.
    device : str, default="auto"
    methods : sequence of str, optional
        Keys of `METHODS`; by default all that the data allow.

    Returns
    -------
    dict of str to estimator
        The two SGANs, the two CNNs, and scikit-learn's two semi-supervised methods. For feature
        tables one SGAN, the same MLP on the labels alone, those two methods, and two more that
        learn from the labelled rows alone, `LABELED_ONLY`.

    Raises
    ------
    ValueError
        If a method is unknown, or does not apply to the data.

    Examples
    --------
    >>> from sgan_classifier.benchmarking import load_benchmark_data, make_contenders
    >>> list(make_contenders(load_benchmark_data("digits")))[:3]
    ['SGAN', 'SGAN, 2021 recipe', 'CNN, same network']
    """
    shared: dict[str, Any] = {**data.parameters, "device": device}
    if max_iter is not None:
        shared["max_iter"] = max_iter
    # as many steps as the others: the study's own 5,600 would take minutes a fit on a CPU
    recipe = {**recipes.CRATERS_2021, "max_iter": SGANClassifier().max_iter}
    recipe |= {k: v for k, v in shared.items() if k in OF_DATA or k not in recipe}
    contenders: dict[str, BaseEstimator] = {
        SGAN: SGANClassifier(**shared),
        SGAN_2021: SGANClassifier(**recipe),
        CNN: CNNClassifier(network="auto", **shared),
        CNN_2021: CNNClassifier(network="crater2021", **shared),
    }
    if data.X_train.ndim == 2:  # feature tables: the study's networks are for images
        del contenders[SGAN_2021], contenders[CNN_2021]
        contenders |= table_baselines()
    else:
        contenders |= classical_baselines(len(data.X_train))
    if methods is None:
        return contenders
    wrong = [key for key in methods if METHODS.get(key) not in contenders]
    if wrong:
        known = [key for key, name in METHODS.items() if name in contenders]
        raise ValueError(
            f"{wrong[0]!r} is no method for the data {data.name!r}. Use some of {', '.join(known)}."
        )
    chosen = {METHODS[key] for key in methods}
    return {name: contenders[name] for name in contenders if name in chosen}


def classical_baselines(n_rows: int) -> dict[str, Pipeline]:
    """Return scikit-learn's semi-supervised methods on images of mean 0 and norm 1.

    Taking out each image's brightness and contrast first helps both of them greatly on images taken
    under different suns, and costs them nothing on digits. SelfTraining's settings did best, or
    close to it, on held-out training rows of both.

    Parameters
    ----------
    n_rows : int
        Number of training rows.
    """
    kernel = "rbf" if n_rows <= MAX_DENSE_ROWS else "knn"
    landmarks = Nystroem(gamma=1.0, n_components=min(MAX_LANDMARKS, n_rows), random_state=0)
    return {
        SPREADING: make_pipeline(
            FunctionTransformer(to_unit_rows), LabelSpreading(kernel=kernel, max_iter=1000)
        ),
        SELF_TRAINING: make_pipeline(
            FunctionTransformer(to_unit_rows),
            landmarks,
            SelfTrainingClassifier(LogisticRegression(C=100.0, max_iter=1000)),
        ),
    }


def table_baselines() -> dict[str, Pipeline]:
    """Return scikit-learn's methods for feature tables, all but one on standardised features."""
    logistic = LogisticRegression(max_iter=1000)
    return {
        SPREADING: make_pipeline(StandardScaler(), LabelSpreading(kernel="knn", max_iter=1000)),
        SELF_TRAINING: make_pipeline(StandardScaler(), SelfTrainingClassifier(logistic)),
        LOGISTIC: make_pipeline(StandardScaler(), logistic),
        BOOSTING: make_pipeline(GradientBoostingClassifier(random_state=0)),
    }


def to_unit_rows(X: ArrayLike) -> NDArray:
    """Flatten images (n, ...) to rows (n, n_values), each of mean 0 and Euclidean norm 1."""
    images = np.asarray(X)
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return rows
