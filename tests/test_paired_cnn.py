"""The CNN that the SGAN is paired with, and the goals that the pair is held against."""

import json

import numpy as np
import pytest
from tiny import curve_of, noise_images

from sgan_benchmarks.label_efficiency_command import label_efficiency_main
from sgan_classifier import CNNClassifier
from sgan_classifier.benchmarking import (
    BenchmarkData,
    Run,
    label_efficiency_report,
    run_label_efficiency,
)
from sgan_classifier.benchmarking import _paired_cnn as module
from sgan_classifier.benchmarking._compare import compare
from sgan_classifier.benchmarking._contenders import CNN, CNN_OWN, SGAN
from sgan_classifier.benchmarking._data import KINDS
from sgan_classifier.benchmarking._goals import goals_table, losses, losses_sentence
from sgan_classifier.benchmarking._held_out import hold_out
from sgan_classifier.benchmarking._paired_cnn import PAIRED, SELECTION_SEED, choose_budgets, pair

QUICK = ["--data", "digits", "--labels", "10", "1200", "--max-iter", "2", "--quiet"]
QUICK += ["--methods", "CNN", "SGAN", "--cnn-budgets", "3"]


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """A folder with the reports of one tiny run."""
    out = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "digits", {"width": 2, "batch_size": 4})
        assert label_efficiency_main([*QUICK, "--draws", "2", "--out", str(out)]) == 0
    return out


def noise(n=40, groups=None):
    X, y = noise_images(n), np.arange(n) % 2
    parameters = {"width": 2, "batch_size": 4}  # nothing here depends on how large networks are
    return BenchmarkData("noise", X, y, X[:10], y[:10], groups, parameters)


def test_cnn_is_run_with_the_steps_that_it_chose(quick_run):
    record = json.loads((quick_run / "label_efficiency_digits.json").read_text())
    assert list(record["curve"]["test_scores"]) == [SGAN, CNN, CNN_OWN]
    chosen = record["cnn_budgets"]
    assert chosen["budgets"] == [3]
    assert chosen["chosen"] == [3, 3]
    assert chosen["curve"]["seeds"] == [1000, 1001, 1002]
    # 1200 labels are more than the training rows that are left; all of them are taken
    assert chosen["curve"]["n_labels"] == [10, 972]
    scores = record["curve"]["test_scores"]
    assert scores[CNN_OWN] != scores[CNN], "three steps, not two"
    report = (quick_run / "label_efficiency_digits.md").read_text()
    assert report == label_efficiency_report(record, "label_efficiency_digits.png")
    assert "chosen from 3 on 325 training rows held out, and on draws that are not" in report
    assert "| 3 steps | " in report


def test_budget_that_is_chosen_scores_best_on_the_held_out_rows(tmp_path):
    scores = {"1": [[0.9, 0.9, 0.9], [0.5, 0.6, 0.7]], "2": [[0.9, 0.9, 0.9], [0.6, 0.7, 0.8]]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "compare", lambda *args, **settings: curve_of(scores))
        chosen = choose_budgets(
            CNNClassifier(),
            noise(),
            [4, 6],
            [2, 1],
            reported_seeds=[0],
            memory=tmp_path,
            n_jobs=1,
            verbose=0,
        )
    assert chosen["chosen"] == [1, 2], "of equals, the shortest"


def test_choice_sees_training_rows_of_other_seeds_and_other_scenes_alone(tmp_path):
    data, seen = noise(groups=np.arange(40) % 5), []

    def watched(estimators, part, n_labels, n_draws, **settings):
        seen.append((part, settings["random_state"]))
        return compare(estimators, part, n_labels, n_draws, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "compare", watched)
        settings = {"memory": tmp_path, "n_jobs": 1, "verbose": 0}
        cnn = CNNClassifier(width=2)
        chosen = choose_budgets(cnn, data, [4], [1], reported_seeds=[0], **settings)
        assert chosen["held_out"] == "16 training rows of scenes held out"
        for reported in ([SELECTION_SEED], range(990, 1005)):
            with pytest.raises(ValueError, match="cannot be reported too"):
                choose_budgets(cnn, data, [4], [1], reported_seeds=reported, **settings)
    ((part, seed),) = seen
    assert seed == SELECTION_SEED
    in_training = data.groups % 5 % 3 != 0
    np.testing.assert_array_equal(part.X_train, data.X_train[in_training])
    np.testing.assert_array_equal(part.X_test, data.X_train[~in_training])


def test_single_rows_are_held_out_where_there_are_no_groups():
    data = noise()
    data.y_train[:8] = -1
    held_out = hold_out(data)
    assert len(held_out.X_test) == 8
    assert set(held_out.y_test) == {0, 1}
    assert (held_out.y_train == -1).sum() == 8
    rows = np.concatenate([held_out.X_train, held_out.X_test]).reshape(40, -1)
    assert len(np.unique(rows, axis=0)) == 40, "no row is on both sides"


def test_pair_takes_the_better_mean_for_each_number_of_labels():
    curve = curve_of(
        {
            SGAN: [[0.9, 0.9], [0.9, 0.9]],
            CNN: [[0.8, 0.6], [0.5, 0.9]],
            CNN_OWN: [[0.7, 0.8], [0.6, 0.6]],
        }
    )
    paired, names = pair(curve)
    assert names == [CNN_OWN, CNN]
    assert paired.test_scores[PAIRED].tolist() == [[0.7, 0.8], [0.5, 0.9]]


def test_methods_that_are_left_out_leave_their_sections_out(tmp_path):
    run, settings = Run(tmp_path, "", verbose=0), {"max_iter": 1, "cnn_budgets": [1]}
    record = run_label_efficiency(
        noise(), [4], 1, run, methods=["CNN", "LabelSpreading"], **settings
    )
    assert list(record["curve"]["test_scores"]) == [CNN, "LabelSpreading"]
    assert "worth" not in (tmp_path / "label_efficiency_noise.md").read_text()
    with pytest.raises(ValueError, match="'BOOST' is no method for the data 'noise'"):
        run_label_efficiency(noise(), [4], 1, run, methods=["BOOST"], **settings)


def test_draws_that_lose_more_than_a_point_and_a_half_are_counted():
    curve, _ = pair(
        curve_of(
            {
                SGAN: [[0.885, 0.884, 0.9], [0.9, 0.9, 0.88], [0.0, 0.0, 0.0]],
                CNN: [[0.900, 0.900, 0.9], [0.9, 0.9, 0.90], [0.9, 0.9, 0.9]],
            }
        )
    )
    curve.n_labels = np.array([10, 20, 7300])
    assert losses(curve, [10, 20, "all"]) == (2, 6, "10 to 20")
    assert losses(curve, ["all", 20, "all"]) == (1, 3, "20")
    assert losses_sentence(curve, [10, 20, "all"]) == (
        "With 10 to 20 labels, 2 of 6 draws (33.3 %) lose more than 1.5 points to their CNN."
    )
    assert losses_sentence(curve, ["all"] * 3) == ""


def test_goals_of_the_lunar_patches_are_held_against_the_figures():
    def at(n_labels, gains):
        return 0.9 + np.array(gains) / 100, np.full(3, 0.9), n_labels

    rows = [
        at(10, [2.0, 2.5, 2.1]),  # met
        at(20, [2.0, 1.0, 2.1]),  # too small
        at(50, [8.0, -3.0, 1.0]),  # large, but the interval holds 0
        at(100, [0.6, 0.5, 0.6]),  # met, and near the CNN with all labels
        at(1000, [0.1, -0.1, 0.0]),  # met
        at(7300, [0.0, 0.0, 0.0]),
    ]
    curve = curve_of({SGAN: [row[0] for row in rows], CNN: [row[1] for row in rows]})
    curve.n_labels = np.array([row[2] for row in rows])
    curve.test_scores[CNN][-1] = 0.93
    asked_for = [10, 20, 50, 100, 1000, "all"]
    lines = goals_table(curve, "lunar_nac", asked_for).splitlines()[2:]
    verdicts = [line.split("|")[-2].strip() for line in lines]
    not_met = "**not met**"
    # at 50, a draw of 15 loses 3 points: more than 5 % of them
    assert verdicts == ["met", not_met, not_met, "met", not_met, "met", not_met]
    assert "| -2.4 points |" in lines[4]
    assert "6.7 %" in lines[6]
    one_draw = curve_of({SGAN: [[0.9]], CNN: [[0.8]]})
    assert "cannot be told from one draw" in goals_table(one_draw, "lunar_nac", [10])


def test_goals_of_digits_and_tables_and_none_for_other_data():
    curve = curve_of({SGAN: [[0.80, 0.82], [0.86, 0.87]], CNN: [[0.8, 0.82], [0.87, 0.88]]})
    assert [line.split("|")[-2].strip() for line in goals_table(curve, "digits", []).splitlines()][
        2:
    ] == ["met", "**not met**"]
    worse = curve_of({SGAN: [[0.80, 0.81]], CNN: [[0.90, 0.91]]})
    assert "**not met**" in goals_table(worse, "wine", [10])
    assert goals_table(curve, "mine", [10, 20]) is None
