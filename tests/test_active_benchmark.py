"""The active-learning benchmark, run for real with a tiny budget."""

import json
from itertools import pairwise

import numpy as np
import pytest

from sgan_benchmarks.active import Plan, follow, start
from sgan_benchmarks.active_command import active_main
from sgan_benchmarks.active_report import RANDOM, active_report, worth_sentences
from sgan_classifier import SGANClassifier
from sgan_classifier.benchmarking import BenchmarkData
from sgan_classifier.benchmarking._data import KINDS
from sgan_classifier.benchmarking._held_out import HELD_OUT, hold_out_groups
from sgan_classifier.model_selection import LabelEfficiencyCurve, mask_labels

QUICK = ["--data", "digits", "--labels", "10", "20", "30", "--steps", "2", "1", "--quiet"]
QUICK += ["--strategies", "margin", "badge"]


@pytest.fixture(scope="module", autouse=True)
def _steps_of_the_data():
    """The data name a number of steps, which the command's own replace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "digits", {"augment": "auto", "max_iter": 7})
        yield


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """A folder with the reports of one tiny run."""
    out = tmp_path_factory.mktemp("reports")
    assert active_main([*QUICK, "--draws", "1", "--out", str(out)]) == 0
    return out


def read_record(folder):
    return json.loads((folder / "active_digits.json").read_text(encoding="utf-8"))


def curve_of(sizes, scores):
    scores = {name: np.asarray(rows, dtype=float) for name, rows in scores.items()}
    n_draws = next(iter(scores.values())).shape[1]
    return LabelEfficiencyCurve(
        np.array(sizes), np.arange(n_draws), "accuracy", scores, scores, scores, scores
    )


def test_run_writes_a_record_that_makes_the_report_again(quick_run):
    record = read_record(quick_run)
    assert record["settings"]["n_labels"] == [10, 20, 30]
    assert record["estimator"]["parameters"]["max_iter"] == 2, "the first steps of the command"
    assert list(record["curve"]["test_scores"]) == [RANDOM, "margin", "badge"]
    report = (quick_run / "active_digits.md").read_text(encoding="utf-8")
    assert report == active_report(record, "active_digits.png")
    assert "Draws: 1 per number of labels" in report
    assert (quick_run / "active_digits.png").stat().st_size > 10_000


def test_classes_are_weighed_equally_unless_a_report_of_its_own_is_asked_for(quick_run, tmp_path):
    assert read_record(quick_run)["estimator"]["parameters"]["class_weight"] == "balanced"
    quick = [*QUICK, "--draws", "1", "--class-weight", "none", "--out", str(tmp_path)]
    assert active_main(quick) == 0
    record = json.loads((tmp_path / "active_digits_class_weight_none.json").read_text("utf-8"))
    assert record["estimator"]["parameters"].get("class_weight") is None
    assert active_report(record, "").startswith(
        "# Suggested against random labels: digits, class_weight=None\n"
    )


def test_strategies_start_from_the_same_labels_and_weights(quick_run):
    scores = read_record(quick_run)["curve"]["test_scores"]
    assert scores[RANDOM][0] == scores["margin"][0] == scores["badge"][0]


def test_run_that_goes_on_does_not_repeat_what_is_finished(quick_run):
    before = read_record(quick_run)["curve"]["fit_times"]
    assert active_main([*QUICK, "--draws", "2", "--out", str(quick_run)]) == 0
    after = read_record(quick_run)["curve"]["fit_times"]
    for name, seconds in before.items():
        kept = [row[:1] for row in after[name]]
        assert kept == seconds, "a fit that is made again takes another time"
        assert [len(row) for row in after[name]] == [2, 2, 2]


@pytest.mark.parametrize("arm", [RANDOM, "margin"])
def test_labels_are_added_to_those_there_are_and_only_they_are_shown(arm, digits, monkeypatch):
    shown = []
    fit = SGANClassifier.fit

    def watched_fit(self, X, y):
        shown.append(y.copy())
        return fit(self, X, y)

    monkeypatch.setattr(SGANClassifier, "fit", watched_fit)
    estimator = SGANClassifier(width=4, max_iter=1, warm_start=True)
    figures = follow(arm, digits, estimator, Plan((10, 20, 40), 1, 1), 0, start, "")
    np.testing.assert_array_equal(shown[0], mask_labels(digits.y_train, 10, random_state=0))
    assert [(y != -1).sum() for y in shown] == [10, 20, 40]
    for few, more in pairwise(shown):
        np.testing.assert_array_equal(more[few != -1], few[few != -1])
        np.testing.assert_array_equal(more[more != -1], digits.y_train[more != -1])
    assert np.shape(figures) == (3, 5)


def test_steps_go_on_from_the_weights_so_far(digits):
    estimator = SGANClassifier(width=4, max_iter=3, warm_start=True)
    models = []

    def started(*arguments):
        models.append(start(*arguments)[0])
        return models[0], (0.0,) * 5

    follow("margin", digits, estimator, Plan((10, 20, 30), 3, 2), 0, started, "")
    assert models[0].n_iter_ == 3 + 2 + 2


def test_groups_held_out_of_training_take_the_place_of_the_test_rows():
    groups = np.repeat(np.arange(6), 4)
    X, y = np.arange(24.0)[:, None], np.arange(24) % 2
    data = BenchmarkData("moon", X, y, X[:2] - 100, y[:2], groups)
    held_out = hold_out_groups(data)
    assert held_out.name == "moon_held_out"
    assert set(held_out.groups) == {1, 2, 4, 5}
    np.testing.assert_array_equal(np.sort(np.r_[held_out.X_train, held_out.X_test], axis=0), X)
    np.testing.assert_array_equal(held_out.y_test, y[np.isin(groups, [0, 3])])


def test_report_on_held_out_groups_says_that_they_decide(quick_run):
    record = read_record(quick_run)
    assert "500 test rows, which decide nothing." in active_report(record, "")
    record["data"]["name"] += HELD_OUT
    assert "held out of the training rows to choose a strategy on." in active_report(record, "")


def test_report_says_plainly_whether_60_suggested_are_worth_100_random():
    random = [[0.90, 0.90, 0.90], [0.92, 0.94, 0.93]]
    curve = curve_of(
        [60, 100],
        {
            RANDOM: random,
            "more": [[0.94, 0.96, 0.951], [0, 0, 0]],
            "less": [[0.90, 0.921, 0.91], [0, 0, 0]],
            "above": [[0.95, 0.93, 0.92], [0, 0, 0]],
            "below": [[0.95, 0.91, 0.92], [0, 0, 0]],
        },
    )
    more, less, above, below = worth_sentences(curve)
    assert more.startswith("60 labels suggested by `more` are worth more than 100 random ones: 0.9")
    assert "are **not** worth 100 random ones" in less
    assert "as far as these draws tell (the mean is above)" in above
    assert "as far as these draws tell (the mean is **below**)" in below
    one_draw = curve_of([60, 100], {RANDOM: [[0.9], [0.9]], "margin": [[0.9], [0.9]]})
    assert "nothing can be said" in worth_sentences(one_draw)[0]
    assert worth_sentences(curve_of([10, 20], {RANDOM: [[0.9], [0.9]]})) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "20", "20"], "must be two or more and rise"),
        (["--labels", "20"], "must be two or more and rise"),
        (["--held-out"], "no group can be held out"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        active_main(["--data", "digits", *arguments, "--quiet", "--out", str(tmp_path)])
    assert stop.value.code == 1
    assert message in capsys.readouterr().err
