"""Curves whose fits run in parallel, on so many threads, and go on where they were stopped."""

import os
import sys
import warnings

import joblib
import numpy as np
import pytest
import torch
from curve_recorder import RECEIVED, Recorder, few_digits, received
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from skorch.callbacks import Callback
from small_estimators import LabeledRowsSGD, StopsAtThirdFit, ThreadMeter
from tiny import both

from sgan_classifier.exceptions import TrainingInterruptedWarning
from sgan_classifier.model_selection import label_efficiency_curve
from sgan_classifier.model_selection._curve_fit import share_threads


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def test_two_jobs_give_the_scores_of_one(digits):
    estimators = {"sgd": LabeledRowsSGD(), "self": SelfTrainingClassifier(LogisticRegression())}
    options = {"n_labels": [50, 100], "n_draws": 2, "n_threads": 1}
    one = label_efficiency_curve(estimators, **digits, **options)
    two = label_efficiency_curve(estimators, **digits, **options, n_jobs=2)
    for name in estimators:
        np.testing.assert_array_equal(one.test_scores[name], two.test_scores[name])
        np.testing.assert_array_equal(one.train_scores[name], two.train_scores[name])


def test_by_default_fits_of_one_thread_share_out_torchs_threads(digits):
    """Two at a time in processes of their own: what is measured to be the faster way."""
    options = {"n_labels": ["all"], "n_draws": 4, "scoring": process_scorer}
    here = os.getpid()
    torch.set_num_threads(2)
    side_by_side = label_efficiency_curve({"meter": ThreadMeter()}, **digits, **options)
    assert here not in side_by_side.test_scores["meter"]
    options["scoring"] = threads_scorer
    curve = label_efficiency_curve({"meter": ThreadMeter()}, **digits, **options)
    assert (curve.test_scores["meter"] == 1).all()
    torch.set_num_threads(1)
    options["scoring"] = process_scorer
    alone = label_efficiency_curve({"meter": ThreadMeter()}, **digits, **options)
    assert (alone.test_scores["meter"] == here).all()


@pytest.mark.parametrize(
    ("n_jobs", "n_threads", "n_fits", "expected"),
    [("auto", None, 50, 6), ("auto", None, 4, 4), ("auto", 2, 50, 3), ("auto", 9, 50, 1)]
    + [(None, None, 50, None), (3, None, 50, 3)],
)
def test_threads_are_shared_out(n_jobs, n_threads, n_fits, expected):
    torch.set_num_threads(6)
    if torch.cuda.is_available() and n_jobs == "auto":
        expected = None
    assert share_threads(n_jobs, n_threads, n_fits) == expected


@pytest.mark.parametrize("config", [{"backend": "threading"}, {"n_jobs": 2}])
def test_joblibs_own_configuration_comes_before_the_default(config):
    torch.set_num_threads(6)
    with joblib.parallel_config(**config):
        assert share_threads("auto", None, 50) is None


def test_another_word_for_the_number_of_jobs_is_an_error():
    with pytest.raises(ValueError, match="n_jobs='all' must be an integer, None or 'auto'"):
        share_threads("all", None, 1)


def test_threads_are_limited_in_the_fit_and_restored(digits):
    options = {"n_labels": ["all"], "n_draws": 1, "scoring": threads_scorer}
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(3)
            curve = label_efficiency_curve(
                {"meter": ThreadMeter()}, **digits, **options, n_threads=threads
            )
            assert curve.test_scores["meter"] == threads
            assert torch.get_num_threads() == 3
        curve = label_efficiency_curve({"meter": ThreadMeter()}, **digits, **options, n_jobs=1)
        assert curve.test_scores["meter"] == 3
    finally:
        torch.set_num_threads(before)


def threads_scorer(estimator, X, y):
    return estimator.threads_


def process_scorer(estimator, X, y):
    return os.getpid()


def test_a_stopped_run_goes_on_where_it_was(digits, tmp_path):
    log = tmp_path / "fits"
    estimators = {"stops": StopsAtThirdFit(log=str(log))}
    options = {"n_labels": [10, 20], "n_draws": 3, "memory": tmp_path / "store"}
    with pytest.raises(KeyboardInterrupt):
        label_efficiency_curve(estimators, **digits, **options)
    assert len(log.read_text()) == 3  # two fits were finished, one was stopped
    curve = label_efficiency_curve(estimators, **digits, **options)
    assert len(log.read_text()) == 3 + 4
    again = label_efficiency_curve(estimators, **digits, **options)
    assert len(log.read_text()) == 3 + 4
    expected = label_efficiency_curve(
        {"stops": LabeledRowsSGD()}, **digits, n_labels=[10, 20], n_draws=3
    )
    for result in (curve, again):
        np.testing.assert_array_equal(result.test_scores["stops"], expected.test_scores["stops"])
    np.testing.assert_array_equal(curve.fit_times["stops"], again.fit_times["stops"])


class CtrlC(Callback):
    def on_batch_end(self, net, **others):
        if net.n_steps_ == 12:
            raise KeyboardInterrupt


@both
def test_ctrl_c_in_a_fit_of_ours_ends_the_curve_and_stores_nothing(make, digits, tmp_path):
    stopped = make_pipeline(StandardScaler(), make(max_iter=20, callbacks=[CtrlC()]))
    options = {**digits, "n_labels": [20], "n_draws": 1, "n_jobs": 1, "memory": tmp_path}
    for _ in range(2):
        with pytest.warns(TrainingInterruptedWarning), pytest.raises(KeyboardInterrupt):
            label_efficiency_curve({"stopped": stopped}, **options)


class FilterMeter(Recorder):
    def fit(self, X, y):
        RECEIVED.append([entry[2] for entry in warnings.filters])
        return super().fit(X, y)


def test_fits_leave_the_filters_of_warnings_alone(digits):
    # they are the process's: of fits in threads, the last to end would leave what it found
    RECEIVED.clear()
    label_efficiency_curve({"meter": FilterMeter()}, **digits, n_labels=[20], n_draws=1)
    assert TrainingInterruptedWarning not in RECEIVED[0]


def test_scores_of_tensors_are_stored_too(digits, tmp_path):
    options = {"n_labels": [20], "n_draws": 1, "memory": tmp_path}
    copies = [  # at other addresses, as in another process
        digits | {name: torch.tensor(digits[name]) for name in ("X", "X_test")} for _ in range(2)
    ]
    first, again = (
        label_efficiency_curve({"e": GaussianNB()}, **data, **options) for data in copies
    )
    assert first.fit_times == again.fit_times


def test_stored_scores_are_not_mixed_up(digits, tmp_path):
    def run(estimator, **changes):
        arguments = {**digits, "n_labels": [50], "n_draws": 1, "memory": str(tmp_path), **changes}
        return label_efficiency_curve({"e": estimator}, **arguments).test_scores["e"].item()

    first = run(LabeledRowsSGD())
    assert run(LabeledRowsSGD()) == first
    assert run(LabeledRowsSGD(alpha=10.0)) != first
    assert run(LabeledRowsSGD(), random_state=1) != first
    assert run(LabeledRowsSGD(), X=digits["X"][:, ::-1]) != first
    assert (
        run(LabeledRowsSGD(), X_test=digits["X_test"][:100], y_test=digits["y_test"][:100]) != first
    )
    assert run(LabeledRowsSGD(), scoring="f1_macro") != first


def test_the_rows_are_hashed_once_and_not_for_each_fit(digits, tmp_path, monkeypatch):
    hashed = []
    real = joblib.hash

    def spy(value, *arguments, **options):
        entries = value.values() if isinstance(value, dict) else value
        hashed.extend(entry for entry in entries if entry is digits["X"])
        return real(value, *arguments, **options)

    monkeypatch.setattr(joblib, "hash", spy)
    monkeypatch.setattr(sys.modules["joblib.memory"].hashing, "hash", spy)
    label_efficiency_curve(
        {"sgd": LabeledRowsSGD()}, **digits, n_labels=[20, 50], n_draws=2, memory=str(tmp_path)
    )
    assert len(hashed) == 1


@pytest.mark.parametrize("verbose", [0, 1])
def test_progress_is_shown_on_request(digits, capsys, verbose):
    received(**digits, n_labels=[10], n_draws=2, verbose=verbose)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("2/2" in shown.err) == bool(verbose)
