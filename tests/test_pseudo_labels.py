"""Which of its own labels a classifier learns from, and which it leaves."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from stopped_fits import StopAt
from tiny import few_labels, noise_images, same_state, sgan, weights
from typer.testing import CliRunner

from sgan_classifier import SGANClassifier, _probes
from sgan_classifier._probes import FIXED_THRESHOLD, find_pseudo_label_threshold
from sgan_classifier._pseudo_labels import AdaptiveThreshold
from sgan_classifier.cli import app
from sgan_classifier.exceptions import TrainingInterruptedWarning
from sgan_classifier.persistence import load, save

SURE = {"max_iter": 500, "width": 4, "augment": None, "pseudo_label_weight": 1.0}
NOISE, Y_NOISE = (
    noise_images(400),
    few_labels(400, n_labeled=160),
)  # labels that say nothing about other rows


@pytest.fixture(scope="module")
def on_noise():
    return sgan(**SURE).fit(NOISE, Y_NOISE)


def plain():
    """Dark and bright images, twenty of them labelled."""
    y = np.arange(400) % 2
    X = (noise_images(400) // 8 + 128 * y[:, None, None]).astype(np.uint8)
    return X, np.where(np.arange(400) < 20, y, -1)


def answering(*rows_of_classes, n_steps=200):
    """Probes that answer with these classes, of three."""
    probes = object.__new__(_probes.Probes)
    probes.n_steps = n_steps
    probes.of_pool = lambda which: np.eye(3)[np.asarray(rows_of_classes[which])]
    return probes


@pytest.mark.parametrize(
    ("n_changed", "expected"), [(0, 0.0), (13, 0.0), (14, FIXED_THRESHOLD), (100, FIXED_THRESHOLD)]
)
def test_probes_that_often_disagree_ask_for_sure_labels(n_changed, expected):
    """Kappa with three even classes is 0.805 where 13 of 100 rows differ, and 0.79 where 14 do."""
    one = np.arange(100) % 3
    other = np.where(np.arange(100) < n_changed, (one + 1) % 3, one)
    assert find_pseudo_label_threshold(answering(one, other)) == expected


def test_probes_of_few_steps_are_not_asked():
    zeros, ones = np.zeros(10, dtype=int), np.ones(10, dtype=int)
    assert find_pseudo_label_threshold(answering(zeros, ones, n_steps=99)) == 0.0
    assert find_pseudo_label_threshold(answering(zeros, ones, n_steps=100)) == FIXED_THRESHOLD


def test_a_row_below_the_least_confidence_is_not_accepted():
    rows = torch.tensor([[0.7, 0.3], [0.06, 0.94], [0.04, 0.96], [0.95, 0.05]])
    even = torch.tensor([0.5, 0.5])
    _, by_own = AdaptiveThreshold(2)(rows, even)
    assert by_own.tolist() == [True] * 4
    _, by_fixed = AdaptiveThreshold(2)(rows, even, 0.95)
    assert by_fixed.tolist() == [False, False, True, True]


def test_the_teachers_own_threshold_holds_above_the_least_confidence():
    threshold = AdaptiveThreshold(2)
    threshold.confidence = torch.tensor(0.9)
    rows = torch.tensor([[0.85, 0.15], [0.99, 0.01]])
    assert threshold(rows, torch.tensor([0.5, 0.5]), 0.5)[1].tolist() == [False, True]


def test_rare_classes_need_no_lower_confidence_than_common_ones():
    threshold = AdaptiveThreshold(2)
    threshold.share = torch.tensor([0.9, 0.1])
    threshold.confidence = torch.tensor(0.8)
    rows = torch.tensor([[0.7, 0.3], [0.3, 0.7], [0.05, 0.95]])
    _, by_even = threshold(rows, torch.tensor([0.5, 0.5]))
    assert by_even.tolist() == [False, True, True]
    _, by_own = threshold(rows, torch.tensor([0.9, 0.1]))
    assert by_own.tolist() == [False, False, True]


def test_labels_that_say_nothing_are_noticed(on_noise):
    assert on_noise.pseudo_label_threshold_ == FIXED_THRESHOLD


def test_the_command_says_that_the_labels_teach_little(tmp_path):
    for i, (image, label) in enumerate(zip(NOISE, Y_NOISE, strict=True)):
        folder = tmp_path / "images" / {0: "zero", 1: "one", -1: "unlabeled"}[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i}.png")
    arguments = ["fit", str(tmp_path / "images"), "-o", str(tmp_path / "m.safetensors"), "--quiet"]
    arguments += ["--steps", "500", "--set", "width=4", "--set", "batch_size=8", "--force"]
    said = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert "labels teach little" in said
    assert "95% sure" in said
    arguments += ["--set", "pseudo_label_threshold=0.9"]
    said = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert "teach little" not in said


def test_labels_that_say_all_leave_the_teachers_own_threshold():
    X, y = plain()
    auto = sgan(**SURE).fit(X, y)
    assert auto.pseudo_label_threshold_ == 0.0
    without = sgan(**SURE, pseudo_label_threshold=0.0, class_prior="labels").fit(X, y)
    assert same_state(weights(auto), weights(without))


def test_a_number_is_taken_as_it_is_and_rows_below_it_are_left():
    params = {**SURE, "max_iter": 60, "ema_decay": 0.5}
    rates = []
    for threshold in (0, 0.6, 1.0):
        model = sgan(**params, pseudo_label_threshold=threshold).fit(NOISE, Y_NOISE)
        assert model.pseudo_label_threshold_ == threshold
        rates.append(np.mean([record["pseudo_label_rate"] for record in model.history_]))
    assert rates[0] > rates[1] > rates[2]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "high", None])
def test_what_is_no_confidence_is_refused(threshold):
    with pytest.raises(ValueError, match="pseudo_label_threshold"):
        sgan(pseudo_label_threshold=threshold).fit(NOISE, Y_NOISE)


@pytest.mark.parametrize(
    "params",
    [
        {"max_iter": 499},
        {"max_iter": 500, "pseudo_label_threshold": 0.5},
        {"max_iter": 500, "pseudo_label_weight": 0, "balance_weight": 0},
    ],
    ids=["few steps", "a number", "no pseudo-labels"],
)
def test_no_probe_is_trained_where_its_answer_would_not_be_used(params, monkeypatch):
    def refuse(*args):
        raise AssertionError("a probe was asked")

    monkeypatch.setattr(_probes, "train_probe", refuse)
    params = {**SURE, "class_prior": "labels", **params}
    sgan(**params).fit(NOISE, Y_NOISE)
    params |= {"max_iter": 500, "pseudo_label_threshold": "auto", "pseudo_label_weight": 1.0}
    with pytest.raises(AssertionError, match="a probe was asked"):
        sgan(**params).fit(NOISE, Y_NOISE)


def test_a_warm_start_and_partial_fit_keep_what_was_found(on_noise, tmp_path):
    save(on_noise, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert loaded.pseudo_label_threshold_ == FIXED_THRESHOLD
    X, y = plain()  # of which two probes would think alike
    for model in (loaded, clone(on_noise).fit(NOISE, Y_NOISE)):
        model.set_params(warm_start=True).fit(X, y)
        model.partial_fit(X, y)
        assert model.pseudo_label_threshold_ == FIXED_THRESHOLD


def test_partial_fit_asks_no_probe():
    assert sgan(**SURE).partial_fit(NOISE, Y_NOISE).pseudo_label_threshold_ == 0.0


def test_a_fit_that_was_stopped_goes_on_with_what_it_had_found(on_noise, tmp_path, monkeypatch):
    model = sgan(**SURE, checkpoint_dir=tmp_path, checkpoint_every=50, callbacks=[StopAt(120)])
    with pytest.warns(TrainingInterruptedWarning):
        model.fit(NOISE, Y_NOISE)
    monkeypatch.setattr(_probes, "train_probe", None)  # none is trained again
    again = SGANClassifier(**{**model.get_params(), "callbacks": None}).fit(NOISE, Y_NOISE)
    assert again.pseudo_label_threshold_ == FIXED_THRESHOLD
    assert same_state(weights(again), weights(on_noise))
