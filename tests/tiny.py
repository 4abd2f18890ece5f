"""Tiny estimators and data, and how to look at what a training left behind."""

import json

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.model_selection import LabelEfficiencyCurve

SETTINGS = {
    "max_iter": 3,
    "batch_size": 8,
    "width": 4,
    "precision": "fp32",
    "device": "cpu",
    "random_state": 0,
}


def one_line(value):
    """The repr of a parameter, for a test's name: tools that list tests take one a line."""
    return " ".join(repr(value).split())


def sgan(**params):
    return SGANClassifier(**{**SETTINGS, "latent_dim": 4, **params})


def cnn(**params):
    return CNNClassifier(**{**SETTINGS, **params})


BOTH = [sgan, cnn]
both = pytest.mark.parametrize("make", BOTH, ids=["SGANClassifier", "CNNClassifier"])


def noise_images(n=24, height=8, width=8, channels=None, seed=0, dtype=np.uint8):
    """Images of pure noise, 0..255, (n, height, width[, channels])."""
    shape = (n, height, width) if channels is None else (n, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def few_labels(n=24, n_classes=2, n_labeled=8):
    """The first rows labelled in turn with every class, all others -1."""
    y = np.full(n, -1)
    y[:n_labeled] = np.arange(n_labeled) % n_classes
    return y


def digits(n_labeled, seed=0):
    """scikit-learn's digits as float32 images, their true labels, and those of a balanced few."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(y == k), n_labeled // 10, replace=False) for k in range(10)]
    masked = np.full(len(y), -1)
    masked[np.concatenate(chosen)] = y[np.concatenate(chosen)]
    return X.reshape(-1, 8, 8).astype(np.float32), y, masked


def state(module):
    """Weights and buffers of a module as copies."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def same_state(first, second):
    """Whether two states are equal bit for bit."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def weights(estimator):
    """All weights that an estimator predicts and samples with, and those it trains."""
    net = estimator.net_
    modules = {"module": net.module_, "average": net.average_}
    if net.has_generator:
        modules |= {"generator": net.generator_, "generator_average": net.generator_average_}
    return {
        f"{m}.{name}": value for m, mod in modules.items() for name, value in state(mod).items()
    }


def assert_answers(estimator, rows, n_classes=2):
    """Every method answers in the shape, range and dtype that it documents."""
    p = estimator.predict_proba(rows)
    assert p.shape == (len(rows), n_classes)
    assert p.dtype == np.float64
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(estimator.predict_log_proba(rows)), p)
    predicted = estimator.predict(rows)
    np.testing.assert_array_equal(predicted, estimator.classes_[p.argmax(axis=1)])
    features = estimator.transform(rows)
    assert features.shape[0] == len(rows)
    assert np.isfinite(features).all()
    if hasattr(estimator, "realness"):
        realness = estimator.realness(rows)
        assert realness.shape == (len(rows),)
        assert ((realness >= 0) & (realness <= 1)).all()
        samples = estimator.sample(2, random_state=0)
        assert samples.shape == (2, *np.shape(rows)[1:])
        assert np.isfinite(samples).all()


def curve_of(scores):
    """A curve with the given test scores, {name: (n_sizes, n_draws)}."""
    scores = {name: np.asarray(rows, dtype=float) for name, rows in scores.items()}
    n_sizes, n_draws = next(iter(scores.values())).shape
    sizes = 10 * np.arange(1, n_sizes + 1)
    return LabelEfficiencyCurve(
        sizes, np.arange(n_draws), "accuracy", scores, scores, scores, scores
    )


def read_record(folder, name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def generator_of(seed=0):
    return torch.Generator().manual_seed(seed)
