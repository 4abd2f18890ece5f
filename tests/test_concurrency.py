"""Fits and predictions beside each other: in threads, in processes, and on copies."""

import copy
import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from tiny import BOTH, both, cnn, few_labels, noise_images, same_state, sgan, weights

X, Y = noise_images(), few_labels()
TABLE = X.reshape(len(X), -1).astype(float)
HERE = Path(__file__).parent
NETWORKS = [
    ("pooled", X),
    ("strided", X),
    ("crater2021", X),
    ("mlp", TABLE),
    pytest.param("salimans2016_mnist", X, marks=pytest.mark.slow),
    pytest.param("salimans2016_conv", noise_images(height=16, width=16), marks=pytest.mark.slow),
]


def fitted_weights(make, seed, rows=X, n_threads=1, **params):
    torch.set_num_threads(n_threads)
    return weights(make(random_state=seed, **params).fit(rows, Y))


def assert_fits_in_two_threads_are_as_alone(rows, n_threads, **params):
    jobs = [(make, seed, rows, n_threads) for make in BOTH for seed in range(2)]
    alone = [fitted_weights(*job, **params) for job in jobs]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda job: fitted_weights(*job, **params), jobs))
    assert all(same_state(first, second) for first, second in zip(alone, together, strict=True))
    assert not same_state(alone[0], alone[1])


@pytest.mark.parametrize(("network", "rows"), NETWORKS)
def test_fits_in_two_threads_are_as_alone(network, rows):
    assert_fits_in_two_threads_are_as_alone(rows, 1, network=network)


@pytest.mark.slow
def test_fits_of_several_threads_in_two_threads_are_as_alone():
    assert_fits_in_two_threads_are_as_alone(noise_images(height=16, width=16), 2, max_iter=2)


@pytest.mark.slow
@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_fits_in_two_processes_are_as_alone(start):
    alone = [fitted_weights(make, 0) for make in BOTH]
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = [pool.submit(fitted_weights, make, 0) for make in BOTH]
        together = [job.result(timeout=300) for job in jobs]
    assert all(same_state(first, second) for first, second in zip(alone, together, strict=True))


@pytest.mark.slow
def test_fork_after_a_fit_on_several_threads_is_an_error_or_works():
    done = subprocess.run(
        [sys.executable, HERE / "fork_fits.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    named_error = 3
    assert json.loads(done.stdout) == {
        "fork before threads": 0,
        "fit on two": named_error,
        "predict on two": named_error,
        "sample on two": named_error,
        "same fit on one": 0,
        "predict on one": 0,
        "threads after": 2,
        "parent goes on": True,
    }


@both
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_number_of_threads_is_the_user_s_and_stays(make, n_threads, tmp_path):
    torch.set_num_threads(n_threads)
    estimator = make(checkpoint_dir=tmp_path, checkpoint_every=2).fit(X, Y)
    assert estimator.n_threads_ == n_threads
    estimator.partial_fit(X, Y).predict_proba(X)
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(np.full(X.shape, np.nan), Y)
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize(("network", "rows"), NETWORKS)
def test_predictions_of_one_estimator_in_many_threads_are_as_alone(network, rows):
    estimator = sgan(network=network).fit(rows, Y)
    methods = ["predict", "predict_proba", "transform", "realness"]
    alone = {name: getattr(estimator, name)(rows) for name in methods}
    alone["sample"] = estimator.sample(5, random_state=0)

    def ask(name):
        if name == "sample":
            return estimator.sample(5, random_state=0)
        return getattr(estimator, name)(rows)

    before = weights(estimator)
    names = [*alone] * 8
    answers = joblib.Parallel(8, backend="threading")(joblib.delayed(ask)(name) for name in names)
    for name, answer in zip(names, answers, strict=True):
        np.testing.assert_array_equal(answer, alone[name])
    assert same_state(before, weights(estimator))


def test_predictions_while_another_estimator_is_fitted_are_as_alone():
    estimator = sgan().fit(X, Y)
    expected = estimator.predict_proba(X)
    other = fitted_weights(sgan, 1, max_iter=40)
    with ThreadPoolExecutor(2) as pool:
        fit = pool.submit(fitted_weights, sgan, 1, max_iter=40)
        answers = [pool.submit(estimator.predict_proba, X) for _ in range(40)]
        for answer in answers:
            np.testing.assert_array_equal(answer.result(), expected)
        assert same_state(fit.result(), other)


# ---------------------------------------------------------------------- copies and refits


@both
def test_deep_copy_answers_and_goes_on_alike_and_apart(make):
    estimator = make(warm_start=True).fit(X, Y)
    before = weights(estimator)
    twin = copy.deepcopy(estimator)
    np.testing.assert_array_equal(twin.predict_proba(X), estimator.predict_proba(X))
    twin.fit(X, Y)
    assert same_state(before, weights(estimator))
    assert estimator.n_iter_ == len(estimator.history_) == 3
    assert same_state(weights(estimator.fit(X, Y)), weights(twin))


@both
def test_clone_in_the_middle_of_its_life_starts_anew(make):
    estimator = make().fit(X, Y).partial_fit(X, Y)
    estimator.set_params(width=5)
    fresh = clone(estimator)
    assert not hasattr(fresh, "net_")
    assert same_state(weights(fresh.fit(X, Y)), weights(make(width=5).fit(X, Y)))


@both
def test_refit_with_other_classes_and_shapes_is_as_a_first_fit(make):
    names = np.array(["c", "a", "b"], dtype=object)
    y3 = few_labels(n_classes=3)
    tasks = [
        (X, Y),
        (TABLE, np.where(y3 < 0, None, names[y3])),
        (noise_images(height=12, width=9, channels=3), y3 * 10 * (y3 > 0) + np.minimum(y3, 0)),
        (X.astype(np.float32), np.where(Y < 0, np.nan, Y)),
    ]
    estimator = make()
    for rows, labels in tasks:
        estimator.fit(rows, labels)
        first = make().fit(rows, labels)
        assert same_state(weights(estimator), weights(first))
        assert estimator.classes_.tolist() == first.classes_.tolist()
        np.testing.assert_array_equal(estimator.predict(rows), first.predict(rows))
        assert vars(estimator).keys() == vars(first).keys()
        assert estimator.n_iter_ == 3


def test_failed_refit_of_other_data_says_so_and_can_be_followed_by_a_good_one():
    estimator = cnn().fit(X, Y)
    with pytest.raises(ValueError, match="1 labelled class"):
        estimator.fit(TABLE, np.where(Y < 0, Y, 0))
    assert same_state(weights(estimator.fit(X, Y)), weights(cnn().fit(X, Y)))
