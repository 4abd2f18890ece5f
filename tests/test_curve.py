import numpy as np
import pytest
from curve_recorder import RECEIVED, Recorder, few_digits, received
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading

from sgan_classifier.model_selection import _curve, label_efficiency_curve, mask_labels


@pytest.fixture(scope="module")
def digits():
    return few_digits()


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
