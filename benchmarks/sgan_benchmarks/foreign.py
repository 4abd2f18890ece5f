"""Images that belong to no class: of another data set, of noise, with shuffled pixels."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from sgan_classifier.benchmarking._data import BenchmarkData, load_benchmark_data
from sgan_classifier.datasets import make_craters

SHARE = 0.25  # of the pool that is foreign
REJECTED = 0.05  # of the training rows that the rule for rejecting gives up
SCORES = ("realness", "probability", "features")  # by which images are rejected
SOURCES = {"lunar_nac": "mnist"}  # all others get synthetic craters
SIDE = 32  # of a synthetic crater, before it is resized


@dataclass(frozen=True)
class Foreign:
    """Foreign images of the size and range of the data.

    Attributes
    ----------
    name : str
    pool : ndarray of shape (n, ...)
        To be mixed into the unlabelled images; a quarter of them then.
    test : ndarray of shape (m, ...)
        Others, as many as there are test rows, if there are that many.
    """

    name: str
    pool: NDArray
    test: NDArray


def load_foreign(data: BenchmarkData, data_dir: str | os.PathLike | None = None) -> Foreign:
    """Load handwritten digits for lunar patches, and synthetic craters for all other images.

    Parameters
    ----------
    data : BenchmarkData
    data_dir : path, optional
        As in `load_benchmark_data`.

    Raises
    ------
    ValueError
        If the data are no images.
    """
    if data.X_train.ndim not in (3, 4):
        raise ValueError(f"The data {data.name!r} are no images, and have no foreign ones.")
    n_pool = round(len(data.X_train) * SHARE / (1 - SHARE))
    n_test = len(data.X_test)
    rng = np.random.default_rng(0)
    if data.name in SOURCES:
        source = load_benchmark_data(SOURCES[data.name], data_dir)
        name = f"{SOURCES[data.name]} digits"
        pool = source.X_train[rng.permutation(len(source.X_train))[:n_pool]]
        test = source.X_test[rng.permutation(len(source.X_test))[:n_test]]
    else:
        name = "synthetic craters"
        images, _ = make_craters(n_pool + n_test, image_size=SIDE, random_state=0)
        pool, test = images[:n_pool], images[n_pool:]
    return Foreign(name, fit_to(pool, data.X_train), fit_to(test, data.X_train))


def fit_to(images: NDArray[np.uint8], like: NDArray) -> NDArray:
    """Resize grey images (n, h, w) to the size, channels, range and dtype of other images.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, h, w)
    like : ndarray of shape (m, height, width) or (m, height, width, channels)

    Returns
    -------
    ndarray of shape (n, height, width) or (n, height, width, channels)
    """
    rows = torch.from_numpy(images)[:, None].float() / 255
    resized = F.interpolate(rows, like.shape[1:3], mode="bilinear", antialias=True)[:, 0]
    values = resized.clamp(0, 1).numpy() * _highest(like)
    if like.dtype.kind in "iu":
        values = np.rint(values)
    values = values.astype(like.dtype)
    return values if like.ndim == 3 else np.repeat(values[..., None], like.shape[3], axis=3)


def foreign_kinds(data: BenchmarkData, foreign: Foreign, seed: int) -> dict[str, NDArray]:
    """Return the images that are to be told from test rows, by what they are.

    Parameters
    ----------
    data : BenchmarkData
    foreign : Foreign
    seed : int
        Of the noise and of the shuffling.
    """
    rng = np.random.default_rng(seed)
    X = data.X_test
    noise = rng.uniform(0, _highest(data.X_train), X.shape)
    if X.dtype.kind in "iu":
        noise = np.rint(noise)
    # the same values in another place: what is left is what brightness and contrast tell
    places = X.reshape(len(X), X.shape[1] * X.shape[2], -1)
    shuffled = np.stack([image[rng.permutation(len(image))] for image in places])
    return {
        foreign.name: foreign.test,
        "uniform noise": noise.astype(X.dtype),
        "shuffled pixels": shuffled.reshape(X.shape),
    }


def rejection_figures(
    model: Any, X_train: NDArray, X_test: NDArray, kinds: dict[str, NDArray]
) -> dict[str, Any]:
    """Measure how well what a fitted SGAN says tells test rows from foreign images.

    Parameters
    ----------
    model : SGANClassifier
    X_train : ndarray of shape (n, ...)
        What it was trained on. Every second row is what features are compared with; the rule
        rejects what has a lower score than 5 % of the others.
    X_test : ndarray of shape (m, ...)
    kinds : dict of str to ndarray
        Foreign images, by what they are.

    Returns
    -------
    dict
        "rejected_test", the share of test rows that the rule rejects; and "kinds": for each kind
        the area under the ROC curve ("auc") and the share that is "rejected". Each of them is a
        dict of figures by score: "realness", "probability" (the highest of them) and "features"
        (the local outlier factor among the features of training rows).
    """
    reference, known = X_train[::2], X_train[1::2]
    neighbours = LocalOutlierFactor(n_neighbors=min(20, len(reference) - 1), novelty=True)
    neighbours.fit(model.transform(reference))

    def scores(X: NDArray) -> dict[str, NDArray]:
        return {
            "realness": model.realness(X),
            "probability": model.predict_proba(X).max(axis=1),
            "features": neighbours.score_samples(model.transform(X)),
        }

    thresholds = {name: np.quantile(found, REJECTED) for name, found in scores(known).items()}

    def rejected(found: dict[str, NDArray]) -> dict[str, float]:
        return {name: float((found[name] < limit).mean()) for name, limit in thresholds.items()}

    of_test = scores(X_test)
    figures: dict[str, Any] = {"rejected_test": rejected(of_test), "kinds": {}}
    for kind, images in kinds.items():
        is_test = np.repeat([1, 0], [len(X_test), len(images)])
        found = scores(images)
        figures["kinds"][kind] = {
            "auc": {
                name: roc_auc_score(is_test, np.concatenate([of_test[name], found[name]]))
                for name in thresholds
            },
            "rejected": rejected(found),
        }
    return figures


def _highest(X: NDArray) -> float:
    return 255.0 if X.dtype == np.uint8 else float(X.max())
