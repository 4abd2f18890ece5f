"""The comparison of views, run for real with a tiny budget."""

import json

import numpy as np
import pytest
from tiny import curve_of, noise_images

from sgan_benchmarks import augmentation as _augmentation
from sgan_benchmarks.augmentation import augmentation_report, run_augmentation
from sgan_benchmarks.augmentation_command import augmentation_main
from sgan_classifier.benchmarking import BenchmarkData, Run
from sgan_classifier.benchmarking._compare import compare
from sgan_classifier.exceptions import InvalidInputError

VIEWS = ["shift", "shift,flip", "none"]


def noise(n=48, groups=None):
    X, y = noise_images(n), np.arange(n) % 2
    parameters = {"width": 2, "batch_size": 4, "augment": ("cutout",)}
    return BenchmarkData("noise", X, y, X[:10], y[:10].copy(), groups=groups, parameters=parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """The record of one tiny run, and its folder."""
    out = tmp_path_factory.mktemp("reports")
    settings = {"run": Run(out, "a command", verbose=0), "steps": 1}
    return run_augmentation(noise(), VIEWS, [4, 8], 2, **settings), out


def test_methods_differ_in_their_views_alone(quick_run):
    described = quick_run[0]["estimators"]
    assert list(described) == [f"{kind}, {word}" for word in VIEWS for kind in ("SGAN", "CNN")]
    for kind in ("SGAN", "CNN"):
        of_kind = [described[f"{kind}, {word}"]["parameters"] for word in VIEWS]
        assert [each.pop("augment") for each in of_kind] == [["shift"], ["shift", "flip"], None]
        assert of_kind[0] == of_kind[1] == of_kind[2]
        assert of_kind[0]["max_iter"] == 1


def test_rows_are_held_out_of_the_training_rows(quick_run):
    record, _ = quick_run
    assert record["settings"]["n_held_out"] == [12]
    assert record["curve"]["seeds"] == [0, 1]


def test_draws_hold_out_each_third_of_the_groups_in_turn(tmp_path, monkeypatch):
    given = []

    def remembered(*args, splits, **kwargs):
        given.extend(splits)
        return compare(*args, splits=splits, **kwargs)

    groups = np.repeat(np.arange(6), 8)
    monkeypatch.setattr(_augmentation, "compare", remembered)
    settings = {"run": Run(tmp_path, "", verbose=0), "steps": 1}
    record = run_augmentation(noise(groups=groups), ["none"], [4], 4, **settings)
    assert [set(groups[test]) for _, test in given] == [{0, 3}, {1, 4}, {2, 5}]
    for train, test in given:
        np.testing.assert_array_equal(np.sort(np.append(train, test)), np.arange(len(groups)))
    assert record["settings"]["n_held_out"] == [16, 16, 16]
    report = (tmp_path / "augmentation_noise.md").read_text()
    assert "The draws hold 16, 16 or 16 rows out in turn, 3 parts without a row" in report
    assert "the intervals, of all draws, are too narrow" in report


def test_test_rows_decide_nothing(quick_run, tmp_path):
    data = noise()
    data.y_test[:] = 1 - data.y_test
    settings = {"run": Run(tmp_path, "a command", verbose=0), "steps": 1}
    record = run_augmentation(data, VIEWS, [4, 8], 2, **settings)
    assert record["curve"]["test_scores"] == quick_run[0]["curve"]["test_scores"]


def test_test_rows_can_be_looked_at_in_a_report_of_their_own(tmp_path):
    data = noise()
    settings = {"run": Run(tmp_path, "a command", verbose=0), "steps": 1}
    record = run_augmentation(data, ["none"], [4], 2, on_test_rows=True, **settings)
    report = (tmp_path / "augmentation_noise_test_rows.md").read_text()
    assert report.startswith("# Views of the training images: noise, on the test rows\n")
    assert "Accuracy is that on the test rows" in report
    data.y_test[:] = 1 - data.y_test
    opposite = run_augmentation(data, ["none"], [4], 2, on_test_rows=True, **settings)
    for name, scores in record["curve"]["test_scores"].items():
        np.testing.assert_allclose(opposite["curve"]["test_scores"][name], 1 - np.array(scores))


def test_record_makes_the_report_again(quick_run):
    _, out = quick_run
    stored = json.loads((out / "augmentation_noise.json").read_text())
    report = (out / "augmentation_noise.md").read_text()
    assert report == augmentation_report(stored)
    assert report.startswith("# Views of the training images: noise\n")
    assert "that on 12 training rows held out" in report


def test_report_compares_views_and_methods(quick_run):
    scores = {name: [[0.8, 0.8, 0.8]] for name in quick_run[0]["estimators"]}
    scores |= {"SGAN, none": [[0.70, 0.71, 0.72]], "CNN, shift,flip": [[0.9, 0.9, 0.9]]}
    report = augmentation_report({**quick_run[0], "curve": curve_of(scores).to_dict()})
    of_sgan, of_cnn, against, minus = (part.split("## ")[0] for part in report.split("\n## ")[1:])
    assert "| `shift` | **0.800 ± 0.000** |" in of_sgan
    assert "| `none` | 0.710 ± 0.025 |" in of_sgan
    assert "| `shift,flip` | **0.900 ± 0.000** |" in of_cnn
    assert against.startswith("Against `shift`")
    assert "| `none` | -9.0 points (-11.5 to -6.5) |" in against
    assert "| `shift,flip` | -10.0 points (-10.0 to -10.0) |" in minus


def test_command_takes_its_words(tmp_path):
    path, data = tmp_path / "noise.npz", noise()
    rows = {"X_train": data.X_train, "y_train": data.y_train}
    np.savez(path, X_test=data.X_test, y_test=data.y_test, **rows)
    words = ["--data", str(path), "--labels", "4", "--draws", "1", "--steps", "1", "--quiet"]
    assert augmentation_main([*words, "--views", "auto", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "augmentation_noise.json").read_text())
    assert list(record["estimators"]) == ["SGAN, auto", "CNN, auto"]
    assert record["curve"]["seeds"] == [1000]


def test_unknown_name_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="augment has the unknown name 'mirror'"):
        run_augmentation(noise(), ["shift,mirror"], [4], 1, Run(tmp_path, "", verbose=0), steps=1)
