"""The ablation, run for real with a tiny budget."""

import json

import numpy as np
import pytest
from tiny import curve_of, noise_images

from sgan_benchmarks import ablation as module
from sgan_benchmarks.ablation import DEFAULTS, ablation_report, run_ablation
from sgan_benchmarks.ablation_command import ablation_main
from sgan_benchmarks.terms import NOT_TERMS, active_terms
from sgan_classifier import SGANClassifier
from sgan_classifier.benchmarking import BenchmarkData, Run
from sgan_classifier.benchmarking._contenders import CNN
from sgan_classifier.benchmarking._data import KINDS


def noise(n=40):
    X, y = noise_images(n), np.arange(n) % 2
    parameters = {"width": 2, "batch_size": 4}  # nothing here depends on how large networks are
    return BenchmarkData("noise", X, y, X[:10], y[:10], parameters=parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """The record of one tiny run, and its folder."""
    out = tmp_path_factory.mktemp("reports")
    return run_ablation(noise(), [4, 8], 2, Run(out, "a command", verbose=0), steps=1), out


def test_every_weight_of_the_estimator_is_turned_off():
    weights = {name for name in SGANClassifier().get_params() if name.endswith("_weight")}
    everything_on = SGANClassifier(**dict.fromkeys(weights - set(NOT_TERMS), 0.5))
    off = {term.parameter for term in active_terms(everything_on)}
    others = {"ema_decay", "augment", "generator_loss", "pseudo_label_threshold"}
    assert off == weights - set(NOT_TERMS) | others
    for term in active_terms(everything_on):
        everything_on.set_params(**{term.parameter: term.off})
    assert active_terms(everything_on) == []


def test_what_is_off_already_is_left_out():
    terms = {term.parameter for term in active_terms(SGANClassifier(entropy_weight=0.0))}
    assert "entropy_weight" not in terms
    without = active_terms(SGANClassifier(adversarial_weight=0.0))
    assert "generator_loss" not in {term.parameter for term in without}


def test_each_method_differs_from_the_defaults_in_one_parameter(quick_run):
    record, _ = quick_run
    described = record["estimators"]
    base = described[DEFAULTS]["parameters"]
    assert list(described) == [DEFAULTS, *record["terms"], CNN]
    for name, (parameter, off) in record["terms"].items():
        parameters = described[name]["parameters"]
        assert {key for key in base if base[key] != parameters[key]} == {parameter}
        assert parameters[parameter] == off
    assert base["max_iter"] == described[CNN]["parameters"]["max_iter"] == 1


def test_record_makes_the_report_again(quick_run):
    _, out = quick_run
    stored = json.loads((out / "ablation_noise.json").read_text())
    report = (out / "ablation_noise.md").read_text()
    assert report == ablation_report(stored)
    assert "| no adversarial term | `adversarial_weight=0.0` |" in report
    assert "1 steps for all" in report


def test_report_says_which_parts_help_hurt_and_do_neither(quick_run):
    record, _ = quick_run
    flat = [[0.8, 0.8, 0.8]]
    scores = dict.fromkeys(record["estimators"], flat)
    worse, better = list(record["terms"])[:2]
    scores = {**scores, worse: [[0.70, 0.71, 0.72]], better: [[0.9, 0.91, 0.92]]}
    report = ablation_report({**record, "curve": curve_of(scores).to_dict()})
    assert f"10 labels: worse than the defaults: {worse}; **better** than" in report
    assert f"**better** than the defaults: {better}; no difference" in report
    assert f"| {worse} | **-9.0 points (-11.5 to -6.5)** |" in report
    assert f"| {CNN} | +0.0 points (+0.0 to +0.0) |" in report


def test_command_takes_steps_that_fit_into_minutes(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "plan_steps", lambda *args, **settings: {"steps": 2})
    monkeypatch.setitem(KINDS, "noise", noise().parameters)
    path = tmp_path / "noise.npz"
    data = noise()
    np.savez(
        path, X_train=data.X_train, y_train=data.y_train, X_test=data.X_test, y_test=data.y_test
    )
    words = ["--data", str(path), "--labels", "4", "--draws", "1", "--minutes", "0.1", "--quiet"]
    words += ["--terms", "augment", "--out", str(tmp_path)]
    assert ablation_main(words) == 0
    record = json.loads((tmp_path / "ablation_noise.json").read_text())
    assert record["timing"]["steps"] == 2
    assert list(record["estimators"]) == [DEFAULTS, "no augmentation", CNN]
    assert record["estimators"]["no augmentation"]["parameters"]["max_iter"] == 2


def test_unknown_term_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"'width' cannot be turned off\. Use some of adv"):
        run_ablation(noise(), [4], 1, Run(tmp_path, ""), terms=["width"], steps=1)
