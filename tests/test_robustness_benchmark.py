"""The robustness benchmark, run for real with a tiny budget."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny import noise_images

from sgan_benchmarks.calibration import expected_calibration_error
from sgan_benchmarks.foreign import Foreign, fit_to, foreign_kinds, load_foreign, rejection_figures
from sgan_benchmarks.pools import CLEAN, EVEN, FOREIGN, PROPORTIONAL, TARGET, make_rows, rare_rows
from sgan_benchmarks.robustness import CASES, fit_and_measure, run_robustness
from sgan_benchmarks.robustness_command import robustness_main
from sgan_benchmarks.robustness_report import (
    SECTIONS,
    accuracy_in_proportion,
    balanced_accuracy,
    rare_recall,
    robustness_report,
)
from sgan_classifier import CNNClassifier
from sgan_classifier.benchmarking import BenchmarkData, Run
from sgan_classifier.benchmarking._contenders import CNN, SGAN
from sgan_classifier.benchmarking._data import KINDS
from sgan_classifier.benchmarking._statistics import mean_of
from sgan_classifier.model_selection import mask_labels


def noise(n=80):
    X, y = noise_images(n), np.arange(n) % 2
    parameters = {"width": 2, "batch_size": 4}  # nothing here depends on how large networks are
    return BenchmarkData(
        "noise", X, y, noise_images(12, seed=1), np.arange(12) % 2, parameters=parameters
    )


FOREIGN_NOISE = Foreign("other noise", noise_images(27, seed=2), noise_images(12, seed=3))


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """The record of one tiny run of everything, and its folder."""
    out = tmp_path_factory.mktemp("reports")
    settings = {"run": Run(out, "a command", verbose=0), "max_iter": 1}
    return run_robustness(noise(), FOREIGN_NOISE, [4], 1, **settings), out


# ---------------------------------------------------------------------- figures


def test_calibration_error_agrees_with_a_slow_count():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(3), 500)
    codes = rng.integers(0, 3, 500)
    error = 0.0
    for low in range(10):
        inside = [i for i in range(500) if low / 10 <= rows[i].max() < (low + 1) / 10]
        if inside:
            right = np.mean([rows[i].argmax() == codes[i] for i in inside])
            sure = np.mean([rows[i].max() for i in inside])
            error += len(inside) / 500 * abs(right - sure)
    assert expected_calibration_error(rows, codes, 10) == pytest.approx(error)
    assert expected_calibration_error([[1.0, 0.0]], [0]) == 0.0
    assert expected_calibration_error([[1.0, 0.0]], [1]) == 1.0


def test_brier_score_is_summed_over_the_classes():
    data = noise()
    cnn = CNNClassifier(max_iter=1, random_state=0, **data.parameters)
    figures = fit_and_measure(cnn, CLEAN, 4, 0, data, FOREIGN_NOISE, "")
    rows = make_rows(CLEAN, data, FOREIGN_NOISE.pool, 4, 0)
    probabilities = cnn.fit(rows.X, rows.y, X_unlabeled=rows.X_unlabeled).predict_proba(data.X_test)
    squares = (probabilities - np.eye(2)[data.y_test]) ** 2
    assert figures["brier_score"] == pytest.approx(squares.sum(axis=1).mean())


def test_accuracies_weigh_recalls_as_they_say():
    draw = {"recalls": [0.9, 0.8, 0.1, 0.2], "shares": [0.45, 0.45, 0.05, 0.05]}
    assert balanced_accuracy(draw) == pytest.approx(0.5)
    assert accuracy_in_proportion(draw) == pytest.approx(0.45 * 1.7 + 0.05 * 0.3)
    assert rare_recall(draw) == pytest.approx(0.15)


class KnowsBrightImages:
    """Bright images are real, of a class that it is not sure of, and alike in their features."""

    def realness(self, X):
        return X.mean(axis=(1, 2)) / 255

    def predict_proba(self, X):
        return np.tile([0.5, 0.5], (len(X), 1))

    def transform(self, X):
        return X.reshape(len(X), -1).astype(np.float32)


def test_foreign_images_are_told_and_the_rule_gives_up_a_twentieth_of_training_rows():
    bright = np.tile(np.arange(100, 200, dtype=np.uint8)[:, None, None], (1, 4, 4))
    kinds = {"dark": np.zeros_like(bright), "brighter": bright + 55, "same": bright}
    figures = rejection_figures(KnowsBrightImages(), bright, bright, kinds)
    assert figures["rejected_test"]["realness"] == pytest.approx(0.05, abs=0.011)
    assert figures["rejected_test"]["probability"] == 0.0
    dark, brighter = figures["kinds"]["dark"], figures["kinds"]["brighter"]
    assert dark["auc"] == {"realness": 1.0, "probability": 0.5, "features": 1.0}
    assert dark["rejected"] == {"realness": 1.0, "probability": 0.0, "features": 1.0}
    assert brighter["auc"]["realness"] < 0.2, "realness has one side, features have none"
    assert brighter["auc"]["features"] > 0.6
    assert figures["kinds"]["same"]["auc"]["realness"] == pytest.approx(0.5)


# ---------------------------------------------------------------------- images and pools


def test_foreign_images_take_size_range_channels_and_dtype_of_the_data():
    grey = np.full((3, 28, 28), 255, dtype=np.uint8)
    like_digits = fit_to(grey, np.full((1, 8, 8), 16.0))
    assert like_digits.shape == (3, 8, 8)
    assert like_digits.dtype == np.float64
    np.testing.assert_allclose(like_digits, 16.0)
    coloured = fit_to(grey, np.zeros((1, 32, 32, 3), dtype=np.uint8))
    assert coloured.shape == (3, 32, 32, 3)
    assert coloured.min() == 255


def test_foreign_images_are_a_quarter_of_the_pool_and_others_are_tested():
    data = noise(60)
    foreign = load_foreign(data)
    assert len(foreign.pool) == 20
    assert len(foreign.test) == 12
    assert foreign.name == "synthetic craters"
    assert not (foreign.pool[:, None] == foreign.test[None]).all(axis=(2, 3)).any()
    with pytest.raises(ValueError, match="are no images"):
        load_foreign(BenchmarkData("rows", np.zeros((4, 3)), np.arange(4), np.zeros((1, 3)), [0]))


@pytest.mark.data
def test_lunar_patches_are_mixed_with_digits(lunar, data_dir):
    foreign = load_foreign(lunar, data_dir)
    assert foreign.name == "mnist digits"
    assert foreign.pool.shape == (2433, 32, 32)
    assert foreign.pool.dtype == lunar.X_train.dtype


def test_shuffled_pixels_keep_their_values():
    data = noise()
    kinds = foreign_kinds(data, FOREIGN_NOISE, 0)
    assert list(kinds) == ["other noise", "uniform noise", "shuffled pixels"]
    shuffled = kinds["shuffled pixels"]
    assert shuffled.shape == data.X_test.shape
    assert (shuffled != data.X_test).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(
        np.sort(shuffled.reshape(12, -1)), np.sort(data.X_test.reshape(12, -1))
    )


def test_rare_classes_keep_a_tenth_of_their_rows():
    y = np.repeat(np.arange(4), 50)
    rows = rare_rows(y, 0)
    assert np.bincount(y[rows]).tolist() == [50, 50, 5, 5]
    assert not np.array_equal(rows, rare_rows(y, 1)), "other draws keep other rows"
    np.testing.assert_array_equal(rows, rare_rows(y, 0))


def test_labels_are_drawn_in_proportion_or_evenly():
    y = np.repeat([0, 1], 100)
    data = BenchmarkData("noise", noise_images(200), y, noise_images(4), y[:4])
    in_proportion, even = (make_rows(pool, data, None, 10, 0) for pool in (PROPORTIONAL, EVEN))
    assert np.bincount(in_proportion.y + 1).tolist() == [100, 9, 1]
    assert np.bincount(even.y + 1).tolist() == [100, 5, 5]
    np.testing.assert_array_equal(even.X, in_proportion.X)
    np.testing.assert_allclose(even.shares, [100 / 110, 10 / 110])


def test_pools_differ_in_unlabelled_rows_alone():
    data = noise()
    clean, foreign, target = (
        make_rows(pool, data, FOREIGN_NOISE.pool, 4, 0) for pool in (CLEAN, FOREIGN, TARGET)
    )
    expected = mask_labels(data.y_train, 4, random_state=0)
    for rows in (clean, foreign, target):
        np.testing.assert_array_equal(rows.y[:80], expected)
        np.testing.assert_array_equal(rows.X[:80], data.X_train)
    assert (foreign.y[80:] == -1).all()
    np.testing.assert_array_equal(foreign.X[80:], FOREIGN_NOISE.pool)
    np.testing.assert_array_equal(target.X_unlabeled.array, data.X_test)
    assert clean.X_unlabeled is None


# ---------------------------------------------------------------------- runs and reports


def test_every_case_is_fitted_once_for_all_sections(quick_run):
    record, _ = quick_run
    cases = [(draw["pool"], draw["method"], draw["seed"]) for draw in record["draws"]]
    assert len(cases) == len(set(cases)) == len({c for many in CASES.values() for c in many})
    assert record["settings"]["sections"] == list(SECTIONS)
    parameters = {name: e["parameters"] for name, e in record["estimators"].items()}
    assert parameters[SGAN]["balance_weight"] == "auto"


def test_record_makes_the_report_again(quick_run):
    _, out = quick_run
    stored = json.loads((out / "robustness_noise.json").read_text())
    report = (out / "robustness_noise.md").read_text()
    assert report == robustness_report(stored)
    for heading in ("## Rare classes", "## Foreign images", "## Telling", "## Do the prob"):
        assert heading in report
    assert "Of each rare class (1), one training row is left for 10 of every other" in report
    assert "| 4 | shuffled pixels |" in report
    assert "**A setting of its own:**" in report


def test_finished_fits_are_not_repeated(quick_run):
    record, out = quick_run
    settings = {"run": Run(out, "a command", verbose=0), "max_iter": 1}
    again = run_robustness(
        noise(), FOREIGN_NOISE, [4], 1, sections=["transductive", "foreign"], **settings
    )
    assert again["settings"]["sections"] == ["foreign", "transductive"]

    def seconds(record):
        return {(d["pool"], d["method"], d["seed"]): d["seconds"] for d in record["draws"]}

    assert seconds(again).items() <= seconds(record).items()
    assert "## Rare classes" not in robustness_report(again)


def test_command_runs_on_a_file(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "noise", noise().parameters)
    data = noise(24)
    path = tmp_path / "noise.npz"
    np.savez(
        path, X_train=data.X_train, y_train=data.y_train, X_test=data.X_test, y_test=data.y_test
    )
    words = ["--data", str(path), "--labels", "4", "--draws", "1", "--max-iter", "1", "--quiet"]
    words += ["--sections", "calibration", "--out", str(tmp_path)]
    assert robustness_main(words) == 0
    report = (tmp_path / "robustness_noise.md").read_text()
    assert f"| 4 | {CNN} |" in report
    assert "## Telling" not in report


def test_differences_beyond_their_interval_are_in_bold():
    for differences, text in (
        ([0.01, 0.02, 0.03], "+2.0 points (-0.5 to +4.5)"),
        ([0.02, 0.021, 0.022], "**+2.1 points (+1.9 to +2.3)**"),
        ([0.02], "+2.0 points"),
    ):
        assert mean_of(differences).in_marked_points() == text


def test_unlabelled_test_rows_are_left_out(quick_run, tmp_path):
    record, _ = quick_run
    data = noise()
    X_test, y_test = np.tile(data.X_test, (2, 1, 1)), np.r_[data.y_test, -np.ones(12, dtype=int)]
    settings = {"run": Run(tmp_path, "", verbose=0), "max_iter": 1}
    again = run_robustness(
        replace(data, X_test=X_test, y_test=y_test), FOREIGN_NOISE, [4], 1, **settings
    )
    wanted = [draw for draw in record["draws"] if (draw["n_labels"], draw["seed"]) == (4, 0)]
    assert [draw["accuracy"] for draw in again["draws"]] == [d["accuracy"] for d in wanted]


@pytest.mark.parametrize("tested", [[0] * 12, [0, 1, 2] * 4])
def test_test_rows_of_other_classes_are_refused_before_anything_is_fitted(tested, tmp_path):
    data = replace(noise(), y_test=np.array(tested))
    with pytest.raises(ValueError, match=r"classes \[0.*\], the training rows of \[0, 1\]"):
        run_robustness(data, FOREIGN_NOISE, [4], 1, Run(tmp_path, "", verbose=0))
