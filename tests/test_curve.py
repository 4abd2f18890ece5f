import os
import sys
import warnings

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from skorch.callbacks import Callback
from small_estimators import LabeledRowsSGD, StopsAtThirdFit, ThreadMeter
from tiny import both

from sgan_classifier.exceptions import TrainingInterruptedWarning
from sgan_classifier.model_selection import (
    SemiSupervisedShuffleSplit,
    _curve,
    label_efficiency_curve,
    mask_labels,
)
from sgan_classifier.model_selection._curve_fit import share_threads

RECEIVED = []


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what `fit` is given and what its parameters are."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, **others):
        RECEIVED.append({"X": X, "y": y, "seed": self.random_state, **others})
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X[:900] / 16, y[:900], test_size=300, stratify=y[:900], random_state=0
    )
    return {"X": X, "y": y, "X_test": X_test, "y_test": y_test}


def received(**arguments):
    RECEIVED.clear()
    label_efficiency_curve({"recorder": Recorder()}, **arguments)
    return list(RECEIVED)


def test_scores_are_those_of_fits_by_hand(digits):
    curve = label_efficiency_curve(
        {"spreading": LabelSpreading(gamma=3.0), "bayes": GaussianNB()},
        **digits,
        n_labels=[20, "all"],
        n_draws=2,
        random_state=5,
        labeled_only=["bayes"],
    )
    assert curve.n_labels.tolist() == [20, 600]
    assert curve.seeds.tolist() == [5, 6]
    for row, n_labels in enumerate([20, 600]):
        for column, seed in enumerate([5, 6]):
            y = mask_labels(digits["y"], n_labels, balanced=row == 0, random_state=seed)
            labeled = y != -1
            spreading = LabelSpreading(gamma=3.0).fit(digits["X"], y)
            bayes = GaussianNB().fit(digits["X"][labeled], y[labeled])
            for name, model in {"spreading": spreading, "bayes": bayes}.items():
                test = model.score(digits["X_test"], digits["y_test"])
                train = model.score(digits["X"][labeled], y[labeled])
                assert curve.test_scores[name][row, column] == test
                assert curve.train_scores[name][row, column] == train
                assert curve.fit_times[name][row, column] > 0
                assert curve.score_times[name][row, column] > 0


# Hidden labels


def arrays_received(digits, monkeypatch, mask):
    """What `fit` gets if hidden labels change after the draw; `mask` makes the masked labels."""
    drawn = mask_labels(digits["y"], 30, random_state=0)
    permuted = digits["y"].copy()
    hidden = np.flatnonzero(drawn == -1)
    permuted[hidden] = np.random.RandomState(1).permutation(permuted[hidden])
    assert (permuted != digits["y"]).sum() > 300
    results = []
    for y in (digits["y"], permuted):
        monkeypatch.setattr(_curve, "mask_labels", lambda y, *_, **__: mask(y, drawn))
        results.append(received(**{**digits, "y": y}, n_labels=[30], n_draws=2))
    return results


def same(a, b):
    return all(
        x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)
        for x, y in zip(a, b, strict=True)
    )


def test_hidden_labels_never_reach_an_estimator(digits, monkeypatch):
    before, after = arrays_received(digits, monkeypatch, lambda y, drawn: drawn)
    assert [set(entry) for entry in before] == 2 * [{"X", "y", "seed"}]
    assert (before[0]["y"] != -1).sum() == 30
    assert same(before, after)


@pytest.mark.parametrize(
    "leak",
    [
        lambda y, drawn: y,
        lambda y, drawn: np.where(np.arange(len(y)) < 20, y, drawn),
    ],
)
def test_the_test_above_sees_a_leak(digits, monkeypatch, leak):
    before, after = arrays_received(digits, monkeypatch, leak)
    assert not same(before, after)


def test_estimators_of_a_draw_get_the_same_labels_and_its_seed(digits):
    RECEIVED.clear()
    label_efficiency_curve(
        {"a": Recorder(), "b": Recorder()}, **digits, n_labels=[10, 20], n_draws=2, random_state=3
    )
    first, second = RECEIVED[0::2], RECEIVED[1::2]
    assert same(first, second)
    assert [entry["seed"] for entry in first] == [3, 4, 3, 4]
    assert [(entry["y"] != -1).sum() for entry in first] == [10, 10, 20, 20]


def test_seeds_reach_the_parts_of_an_estimator_and_the_given_one_is_left_alone(digits):
    inner = make_pipeline(StandardScaler(), Recorder())
    RECEIVED.clear()
    label_efficiency_curve({"pipeline": inner}, **digits, n_labels=[10], n_draws=1, random_state=8)
    assert RECEIVED[0]["seed"] == 8
    assert inner[-1].random_state is None
    assert not hasattr(inner[-1], "classes_")


def test_labeled_only_estimators_get_the_labelled_rows_alone(digits):
    entry = received(**digits, n_labels=[20], n_draws=1, labeled_only=["recorder"])[0]
    masked = mask_labels(digits["y"], 20, random_state=0)
    np.testing.assert_array_equal(entry["y"], masked[masked != -1])
    np.testing.assert_array_equal(entry["X"], digits["X"][masked != -1])


@pytest.mark.parametrize("dtype", [np.uint8, object, "U1"])
def test_labels_of_other_kinds(digits, dtype):
    changed = {**digits, "y": digits["y"].astype(dtype), "y_test": digits["y_test"].astype(dtype)}
    spreading = {"bayes": GaussianNB()}
    options = {"n_labels": [50], "n_draws": 1, "labeled_only": ["bayes"]}
    curve = label_efficiency_curve(spreading, **changed, **options)
    expected = label_efficiency_curve(spreading, **digits, **options)
    np.testing.assert_array_equal(curve.test_scores["bayes"], expected.test_scores["bayes"])


def half(estimator, X, y):
    return 0.5


def test_a_score_is_called_by_its_name(digits):
    options = {**digits, "n_labels": [20], "n_draws": 1}
    for scoring, name in {"f1_macro": "f1_macro", half: "half"}.items():
        curve = label_efficiency_curve({"e": Recorder()}, **options, scoring=scoring)
        assert curve.scoring == name


def test_unlabelled_test_rows_do_not_count(digits):
    y_test = digits["y_test"].copy()
    y_test[:100] = -1
    options = {"n_labels": ["all"], "n_draws": 1, "labeled_only": ["bayes"]}
    curve = label_efficiency_curve(
        {"bayes": GaussianNB()}, **{**digits, "y_test": y_test}, **options
    )
    model = GaussianNB().fit(digits["X"], digits["y"])
    assert curve.test_scores["bayes"] == model.score(digits["X_test"][100:], y_test[100:])


def test_held_out_groups_are_neither_trained_on_nor_tested_unlabelled(digits):
    y = mask_labels(digits["y"], 300, random_state=0)
    scene = np.arange(len(y)) % 10
    rows = np.arange(len(y), dtype=float)[:, None]
    entries = received(X=rows, y=y, groups=scene, n_labels=[30, "all"], n_draws=3)
    assert len(entries) == 6
    seen = [set(scene[entry["X"][:, 0].astype(int)]) for entry in entries]
    assert all(len(scenes) == 8 for scenes in seen)
    held_out = [set(range(10)) - scenes for scenes in seen[:3]]
    assert not set.intersection(held_out[0], held_out[1])
    assert not set.intersection(*held_out[1:])
    for entry in entries:
        known = entry["y"] != -1
        np.testing.assert_array_equal(entry["y"][known], y[entry["X"][known, 0].astype(int)])
    assert [(entry["y"] != -1).sum() for entry in entries[:3]] == [30, 30, 30]


def test_draws_take_the_splits_of_cv_in_turn(digits):
    y = mask_labels(digits["y"], 300, random_state=0)
    rows = np.arange(len(y), dtype=float)[:, None]
    cv = SemiSupervisedShuffleSplit(2, test_size=50, random_state=0)
    expected = [np.sort(train) for train, _ in cv.split(rows, y)]
    positions = np.arange(len(y))
    masks = [tuple(np.isin(positions, part) for part in split) for split in cv.split(rows, y)]
    given = {"splitter": cv, "splits": list(cv.split(rows, y)), "masks": masks}
    for splits in given.values():
        entries = received(X=rows, y=y, cv=splits, n_labels=[30, "all"], n_draws=3, random_state=4)
        seen = [entry["X"][:, 0].astype(int) for entry in entries]
        for drawn, rows_of_split in zip(seen, [*expected, expected[0]] * 2, strict=True):
            np.testing.assert_array_equal(drawn, rows_of_split)
        assert [(entry["y"] != -1).sum() for entry in entries] == [30] * 3 + [250] * 3
        assert [entry["seed"] for entry in entries] == [4, 5, 6] * 2


def test_splits_of_cv_are_tested_on_their_own_rows(digits):
    X, y = digits["X"], digits["y"]
    cv = SemiSupervisedShuffleSplit(2, random_state=0)
    bayes = {"bayes": GaussianNB()}
    curve = label_efficiency_curve(bayes, X, y, cv=cv, n_labels=["all"], n_draws=2)
    for draw, (train, test) in enumerate(cv.split(X, y)):
        train = np.sort(train)
        by_hand = GaussianNB().fit(X[train], y[train])
        assert curve.test_scores["bayes"][0, draw] == by_hand.score(X[test], y[test])


def rows_trained_on(y, cv, groups):
    """The rows of each of four draws."""
    rows = np.arange(len(y))[:, None]
    entries = received(X=rows, y=y, groups=groups, cv=cv, n_labels=[30], n_draws=4)
    return [{*entry["X"][:, 0].tolist()} for entry in entries]


SCENE = np.arange(600) % 10


@pytest.mark.parametrize("groups", [None, SCENE])
def test_folds_are_made_anew_once_all_have_been_taken(digits, groups):
    assert len({*map(frozenset, rows_trained_on(digits["y"], 2, groups))}) == 4


@pytest.mark.parametrize("groups", [None, SCENE])
def test_a_whole_number_as_cv_is_a_number_of_folds(digits, groups):
    every = set(range(len(digits["y"])))
    held_out = [every - rows for rows in rows_trained_on(digits["y"], 4, groups)]
    assert sum(map(len, held_out)) == len(set.union(*held_out)) == len(every)
    if groups is not None:
        for test in held_out:
            assert not {*groups[[*test]]} & {*groups[[*(every - test)]]}


# Parallel runs, threads and runs that go on


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


# Mistakes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_labels": 20}, r"must be a list, such as \[20"),
        ({"n_labels": []}, "must be a list"),
        ({"n_labels": iter([20])}, "must be a list"),
        ({"n_labels": ["most"]}, "expected integers or 'all'"),
        ({"n_labels": [5]}, "less than the 10 classes"),
        ({"n_draws": 0}, "at least 1"),
        ({"scoring": ["accuracy", "f1"]}, "name of one score"),
        ({"random_state": None}, "must be an integer"),
        ({"labeled_only": ["other"]}, r"there are \['recorder'\]"),
        ({"labeled_only": "recorder"}, "must list names"),
        ({"labeled_only": iter(["recorder"])}, "must list names"),
        ({"n_threads": 0}, "n_threads=0 must be an integer of at least 1"),
        ({"n_threads": 1.5}, "n_threads=1.5 must be an integer"),
        ({"X_test": None, "y_test": None}, "no test rows"),
        ({"X_test": None}, "X_test is None"),
        ({"y_test": None}, "y_test is None"),
        ({"groups": np.zeros(600)}, "Both groups and X_test"),
        ({"cv": 5}, "Both cv and X_test"),
        ({"X_test": None, "y_test": None, "cv": "five"}, "as an integer, a cross-val"),
        ({"X_test": None, "y_test": None, "cv": []}, "makes no split"),
        ({"y": np.zeros(5)}, "inconsistent numbers of samples"),
        ({"y": np.full(600, -1)}, "None of the 600 rows"),
        ({"y_test": np.full(300, -1)}, "None of the 300 rows of y_test is labelled"),
    ],
)
def test_mistakes_raise_with_the_remedy_before_any_fit(digits, changes, message):
    RECEIVED.clear()
    with pytest.raises(ValueError, match=message):
        label_efficiency_curve(
            {"recorder": Recorder()}, **{**digits, "n_labels": [20], "n_draws": 1, **changes}
        )
    assert RECEIVED == []


def test_no_estimators_raise(digits):
    with pytest.raises(ValueError, match="estimators is empty"):
        label_efficiency_curve({}, **digits, n_labels=[20])


@pytest.mark.parametrize("estimators", [Recorder(), [Recorder()]])
def test_estimators_without_names_raise(digits, estimators):
    with pytest.raises(ValueError, match=r"^estimators=\[?Recorder.* is no dict. Pass names and"):
        label_efficiency_curve(estimators, **digits, n_labels=[20])


def test_an_error_names_the_fit_that_raised_it(digits):
    with pytest.raises(ValueError, match="Invalid classes") as caught:
        label_efficiency_curve({"nb": BadEstimator()}, **digits, n_labels=[20], random_state=4)
    assert caught.value.__notes__ == ["In the fit of 'nb' to n_labels=20, seed 4."]


class BadEstimator(Recorder):
    def fit(self, X, y):
        raise ValueError("Invalid classes")
