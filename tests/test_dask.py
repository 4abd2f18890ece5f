"""Sweeps on a real cluster of two worker processes on this machine."""

import os

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.semi_supervised import LabelSpreading
from small_estimators import KillsItsWorker, LabeledRowsSGD

from sgan_classifier import SGANClassifier
from sgan_classifier.model_selection import (
    SemiSupervisedKFold,
    label_efficiency_curve,
    mask_labels,
)

distributed = pytest.importorskip("distributed", reason="needs the extra dask")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=30)
        yield client


@pytest.fixture(scope="module")
def digits():
    digits = load_digits()
    X, y = digits.images[:600] / 16, digits.target[:600]
    return {"X": X[:400], "y": y[:400], "X_test": X[400:], "y_test": y[400:]}


def test_a_sweep_on_a_cluster_gives_the_scores_of_one_process(client, digits):
    sgan = SGANClassifier(max_iter=5, width=4, batch_size=10, precision="fp32")
    estimators = {"sgan": sgan}
    options = {"n_labels": [20, 50], "n_draws": 2, "n_threads": 1}
    alone = label_efficiency_curve(estimators, **digits, **options)
    with joblib.parallel_config(backend="dask"):
        spread = label_efficiency_curve(estimators, **digits, **options)
    np.testing.assert_array_equal(alone.test_scores["sgan"], spread.test_scores["sgan"])
    np.testing.assert_array_equal(alone.train_scores["sgan"], spread.train_scores["sgan"])


def test_both_workers_take_part(client, digits):
    flat = {**digits, "X": digits["X"].reshape(-1, 64), "X_test": digits["X_test"].reshape(-1, 64)}
    with joblib.parallel_config(backend="dask"):
        curve = label_efficiency_curve(
            {"sgd": LabeledRowsSGD(max_iter=200)},
            **flat,
            n_labels=[20, 50],
            n_draws=10,
            scoring=process_scorer,
        )
    assert set(curve.test_scores["sgd"].ravel()) == set(client.run(os.getpid).values())


def process_scorer(estimator, X, y):
    return os.getpid()


def test_a_search_on_a_cluster(client, digits):
    X, y = digits["X"].reshape(-1, 64), mask_labels(digits["y"], 100, random_state=0)
    search = GridSearchCV(LabelSpreading(), {"gamma": [1e-6, 3.0]}, cv=SemiSupervisedKFold(2))
    with joblib.parallel_config(backend="dask"):
        search.fit(X, y)
    assert search.best_params_ == {"gamma": 3.0}


def test_a_sweep_survives_the_loss_of_a_worker(client, digits, tmp_path):
    flat = {**digits, "X": digits["X"].reshape(-1, 64), "X_test": digits["X_test"].reshape(-1, 64)}
    options = {"n_labels": [20, 50], "n_draws": 20, "n_threads": 1}
    expected = label_efficiency_curve({"sgd": LabeledRowsSGD()}, **flat, **options)
    workers = set(client.run(os.getpid).values())
    killed = tmp_path / "killed"
    # Scattered data are on every worker, so that each can be lost.
    with joblib.parallel_config(backend="dask", scatter=[flat["X"], flat["X_test"]]):
        curve = label_efficiency_curve(
            {"sgd": KillsItsWorker(killed=str(killed))}, **flat, **options
        )
    victim = int(killed.read_text())
    assert victim in workers
    assert victim not in client.run(os.getpid).values()
    np.testing.assert_array_equal(curve.test_scores["sgd"], expected.test_scores["sgd"])
