"""The benchmark against published errors, run for real with a tiny budget."""

import json

import numpy as np
import pytest
import torch
from tiny import curve_of, noise_images, sgan

from sgan_benchmarks import timing
from sgan_benchmarks.mnist import run_mnist
from sgan_benchmarks.mnist_command import mnist_main
from sgan_benchmarks.mnist_report import GOALS, mnist_report
from sgan_benchmarks.published import MNIST
from sgan_benchmarks.timing import PLANNED, plan_steps, time_fits
from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.benchmarking import BenchmarkData, Run
from sgan_classifier.benchmarking._contenders import CNN, CNN_OWN, SGAN
from sgan_classifier.benchmarking._data import KINDS


def noise(n=40):
    X, y = noise_images(n), np.arange(n) % 2
    parameters = {"width": 2, "batch_size": 4}  # nothing here depends on how large networks are
    return BenchmarkData("noise", X, y, X[:10], y[:10], parameters=parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("reports")
    path = out / "noise.npz"
    data = noise()
    np.savez(
        path, X_train=data.X_train, y_train=data.y_train, X_test=data.X_test, y_test=data.y_test
    )
    words = ["--data", str(path), "--labels", "4", "8", "--steps", "2", "1", "--draws", "2"]
    words += ["--cnn-budgets", "1", "--quiet", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "noise", data.parameters)
        assert mnist_main(words) == 0
    return out


def record_of(runs, longest=1.0, name="mnist"):
    """A record with the given errors, {steps: {method: (n_sizes, n_draws)}}, at 20 and 100."""
    budgets = []
    for steps, errors in runs.items():
        curve = curve_of({m: 1 - np.asarray(e) / 100 for m, e in errors.items()})
        curve.n_labels = np.array([20, 100])
        curve.fit_times = {m: np.full((2, 2), longest) for m in errors}
        budgets.append({"minutes": None, "steps": steps, "curve": curve.to_dict()})
    machine = {"device_name": "a CPU", "device": "cpu", "precision": "fp32"}
    settings = {"n_labels": [20, 100], "n_draws": 2, "random_state": 0, "n_threads": 1}
    data = {"name": name, "n_train": 9, "n_test": 9, "row_shape": [8, 8], "n_classes": 10}
    data["parameters"] = {"augment": ["shift", "cutout"]}
    return {
        "command": "a command",
        "date": "today",
        "data": data,
        "machine": machine,
        "versions": {},
        "settings": {**settings, "n_jobs": 1},
        "seconds": 1.0,
        "budgets": budgets,
    }


def test_run_writes_a_record_that_makes_the_report_again(quick_run):
    record = json.loads((quick_run / "noise_4_8_labels.json").read_text())
    assert [budget["steps"] for budget in record["budgets"]] == [1, 2]
    for budget in record["budgets"]:
        assert list(budget["curve"]["test_scores"]) == [SGAN, CNN, CNN_OWN]
        for described in budget["estimators"].values():
            assert described["parameters"]["max_iter"] == budget["steps"]
    first, second = (budget["curve"]["fit_times"][CNN_OWN] for budget in record["budgets"])
    assert first == second, "the CNN with its own steps is fitted once for all budgets"
    report = (quick_run / "noise_4_8_labels.md").read_text()
    assert report == mnist_report(record)
    assert "Salimans" not in report, "published figures are those of MNIST"


def test_published_errors_stand_beside_ours_with_their_sources():
    report = mnist_report(record_of({100: {SGAN: [[3.0, 5.0], [1.0, 1.2]], CNN: [[9, 8], [7, 6]]}}))
    assert "| SGAN, 100 steps | 4.00 ± 1.41 (median 4.00) | 1.10 ± 0.14 (median 1.10) |" in report
    assert "| Bad GAN [3] |  | 0.795 ± 0.098 |" in report
    assert "| Triple-GAN [2] | 4.81 ± 4.95 | 0.91 ± 0.58 |" in report
    assert "| CT-GAN [4] |  | 0.89 ± 0.13 † |" in report
    assert "3. Dai et al." in report
    assert "| SGAN, 100 steps | 20 | 3.00, 5.00 |" in report


def test_published_errors_fall_with_more_labels():
    for entry in MNIST:
        means = [entry.errors[n][0] for n in sorted(entry.errors)]
        assert means == sorted(means, reverse=True)


def test_goals_are_held_against_the_longest_training_within_their_time():
    good, poor = {SGAN: [[3.0, 1.0], [1.0, 1.2]]}, {SGAN: [[9.0, 9.0], [0.6, 0.8]]}
    for errors in (good, poor):
        errors[CNN] = [[9.0, 9.0], [9.0, 9.0]]

    def verdicts(lines):
        return [line.split("|")[-2].strip() for line in lines]

    lines = mnist_report(record_of({100: good, 200: poor})).splitlines()[-4:]
    assert verdicts(lines) == [*["not measured at that length"] * 2, "met", "met"]
    assert all("(200 steps)" in line for line in lines)
    late = mnist_report(record_of({100: good, 200: poor}, longest=800.0)).splitlines()[-4:]
    assert verdicts(late) == ["**not met**", "**not met**", "", "met"]
    assert "| not measured |" in late[2], "no fit was that short"
    assert len(GOALS) == len(late)


def test_goals_are_those_of_the_numbers_of_labels_that_were_asked_for():
    record = record_of({100: {SGAN: [[3.0, 1.0], [1.0, 1.2]], CNN: [[9, 8], [7, 6]]}})
    record["settings"]["n_labels"] = [100]
    report = mnist_report(record)
    assert report.startswith("# Test errors with few labels: mnist, 100 labels\n")
    two = {**record, "settings": {**record["settings"], "n_threads": 2}}
    assert mnist_report(two).startswith(f"{report.splitlines()[0]}, 2 threads a fit\n")
    goals = report.split("## Goals")[1]
    assert "| 100 | mean at most 1.5 %" in goals
    assert "| 20 |" not in goals
    record["settings"]["n_labels"] = [50]
    assert "## Goals" not in mnist_report(record)


def test_steps_are_planned_for_the_slowest_of_the_fits(tmp_path, monkeypatch):
    def timed(estimator, data, n_labels, n_jobs, data_key, n_threads):
        return [(1.0, 0.01), (2.0, 0.02)]

    monkeypatch.setattr(timing, "time_fits", timed)
    settings = {"memory": tmp_path, "n_jobs": 2, "machine": {"name": "a"}}
    planned = plan_steps(sgan(), noise(), 4, 60.0, **settings)
    assert planned["seconds_a_step"] == 0.02
    assert planned["steps"] == int((PLANNED * 60 - 2) / 0.02) // 10 * 10
    with pytest.raises(ValueError, match="No step fits into 1 seconds"):
        plan_steps(sgan(), noise(), 4, 1.0, **settings)


def test_timing_is_measured_once_and_then_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "FEW", 1)
    monkeypatch.setattr(timing, "MANY", 3)
    settings = {"memory": tmp_path, "n_jobs": 1}
    first = plan_steps(sgan(), noise(), 4, 60.0, machine={"name": "a"}, **settings)
    assert plan_steps(sgan(), noise(), 4, 60.0, machine={"name": "a"}, **settings) == first
    # as if the other machine were slow
    monkeypatch.setattr(timing, "timed_fit", lambda fit, n_threads: 10.0 * fit().n_iter_)
    slow = plan_steps(sgan(), noise(), 4, 6e4, machine={"name": "b"}, **settings)
    assert slow["seconds_a_step"] == 10.0
    assert plan_steps(sgan(), noise(), 4, 60.0, machine={"name": "a"}, **settings) == first


@pytest.mark.parametrize("n_threads", [1, 2])
def test_every_fit_takes_the_threads_asked_for(tmp_path, monkeypatch, n_threads):
    seen = set()

    def threads_of(fit):
        def fit_and_look(self, *args, **kwargs):
            if self.width == noise().parameters["width"]:  # and not the look at the machine
                seen.add(torch.get_num_threads())
            return fit(self, *args, **kwargs)

        return fit_and_look

    for estimator in (SGANClassifier, CNNClassifier):
        monkeypatch.setattr(estimator, "fit", threads_of(estimator.fit))
    for steps in ("WARM_UP", "FEW", "MANY"):
        monkeypatch.setattr(timing, steps, 1 + (steps == "MANY"))
    time_fits(sgan(), noise(), 4, 1, "", n_threads)
    run = Run(tmp_path, "", n_threads=n_threads, verbose=0)
    record = run_mnist(noise(), [4], 1, run, steps=[1], cnn_budgets=[1])
    assert seen == {n_threads}
    assert record["settings"]["n_threads"] == n_threads
    threads = "_2_threads" if n_threads == 2 else ""
    assert (tmp_path / f"noise_4_labels{threads}.md").exists()
    expected = f"{n_threads} thread{'s' * (n_threads > 1)} a fit, 1 fit at a time"
    assert expected in mnist_report(record)


def test_run_without_a_budget_is_refused(tmp_path):
    with pytest.raises(ValueError, match="There is no budget"):
        run_mnist(noise(), [4], 1, Run(tmp_path, ""))
