"""Labels drawn evenly from uneven classes, and what is made of them."""

import re
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from tiny import few_labels, noise_images, sgan
from typer.testing import CliRunner

from sgan_classifier import SGANClassifier, _class_prior, _probes
from sgan_classifier._class_prior import (
    check_class_prior,
)
from sgan_classifier._probes import train_probe
from sgan_classifier.cli import app
from sgan_classifier.exceptions import ChanceLevelWarning, InvalidInputError
from sgan_classifier.persistence import load, save

SETTINGS = {"width": 8, "batch_size": 16, "random_state": 0, "precision": "fp32", "device": "cpu"}


def zeros_and_ones(share_of_ones, n_labels=20, seed=0):
    """Digits 0 and 1, so many of them ones, with as many labels of each; and their truth."""
    images, digit = load_digits().images, load_digits().target
    rng = np.random.default_rng(seed)
    zeros, ones = (rng.permutation(np.flatnonzero(digit == k)) for k in (0, 1))
    n_ones = round(len(zeros) * share_of_ones / (1 - share_of_ones))
    rows = np.concatenate([zeros, ones[:n_ones]])
    y = digit[rows]
    labeled = np.concatenate([np.flatnonzero(y == k)[: n_labels // 2] for k in (0, 1)])
    return images[rows], np.where(np.isin(np.arange(len(y)), labeled), y, -1), y


@pytest.fixture(scope="module")
def uneven():
    return zeros_and_ones(0.15)


@pytest.fixture(scope="module")
def fitted(uneven):
    X, y, _ = uneven
    return SGANClassifier(max_iter=150, **SETTINGS).fit(X, y)


def test_even_labels_of_uneven_classes_are_seen_through(fitted, uneven):
    assert fitted.class_prior_.sum() == pytest.approx(1.0)
    assert fitted.class_prior_[1] == pytest.approx(np.mean(uneven[2]), abs=0.05)


def test_predictions_stand_in_the_proportions_found(fitted, uneven):
    X, y, truth = uneven
    assert fitted.predict_proba(X)[:, 1].mean() == pytest.approx(np.mean(truth), abs=0.05)
    # at a constant rate the pull is kept up; as the rate falls, a wrong one does less harm
    by_labels = clone(fitted).set_params(class_prior="labels", learning_rate_schedule="constant")
    by_labels.fit(X, y)
    np.testing.assert_array_equal(by_labels.class_prior_, [0.5, 0.5])
    assert by_labels.predict_proba(X)[:, 1].mean() > np.mean(truth) + 0.1
    assert fitted.score(X, truth) > by_labels.score(X, truth)


@pytest.mark.parametrize("seed", range(3))
def test_even_classes_keep_the_proportions_of_the_labels_exactly(seed):
    X, y, _ = zeros_and_ones(0.5, seed=seed)
    auto = SGANClassifier(max_iter=100, **SETTINGS).fit(X, y)
    labels = SGANClassifier(max_iter=100, class_prior="labels", **SETTINGS).fit(X, y)
    np.testing.assert_array_equal(auto.class_prior_, [0.5, 0.5])
    np.testing.assert_array_equal(auto.predict_proba(X), labels.predict_proba(X))


def test_the_same_seed_finds_the_same(fitted, uneven):
    X, y, _ = uneven
    again = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(again.class_prior_, fitted.class_prior_)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_the_probe_leaves_networks_and_streams_as_they_were(uneven):
    X, y, _ = uneven
    model = SGANClassifier(max_iter=1, **SETTINGS).fit(X, y)
    net = model.net_
    data = model._training_data(
        *model._check_arrays(X, None, reset=False)[:1], y, None, model._layout, model.classes_, 0
    )
    before = {name: value.clone() for name, value in net.module_.state_dict().items()}
    noise, steps = net.streams.noise.get_state().clone(), net.n_steps_
    copied = train_probe(net, data, 5, seed=0)
    assert copied.n_steps_ == 5
    assert not torch.equal(copied.module_.head.direction, net.module_.head.direction)
    for name, value in net.module_.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert torch.equal(net.streams.noise.get_state(), noise)
    assert net.n_steps_ == steps


def test_shares_that_are_known_are_taken(uneven):
    X, y, _ = uneven
    model = sgan(class_prior=[0.9, 0.1]).fit(X, y)
    np.testing.assert_array_equal(model.class_prior_, [0.9, 0.1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = check_class_prior(torch.tensor([0.75, 0.25]), np.arange(2))
    assert shares.tolist() == [0.75, 0.25]


def test_shares_of_a_series_belong_to_the_classes_of_its_index():
    pd = pytest.importorskip("pandas")
    known = np.array(["rim", "crater", "plain", "plain"], dtype=object)
    shares = pd.Series(known).value_counts(normalize=True)  # the largest first
    y = np.where(np.arange(24) < 4, np.resize(known, 24), None)
    model = sgan(class_prior=shares).fit(noise_images(), y)
    assert model.classes_.tolist() == ["crater", "plain", "rim"]
    assert model.class_prior_.tolist() == [0.25, 0.5, 0.25]
    model = sgan(class_prior=shares.to_dict()).fit(noise_images(), y)
    assert model.class_prior_.tolist() == [0.25, 0.5, 0.25]
    numbered = pd.Series([0.2, 0.5, 0.3])  # an index that names no classes
    assert check_class_prior(numbered, model.classes_).tolist() == [0.2, 0.5, 0.3]
    assert check_class_prior(pd.Index(numbered), model.classes_).tolist() == [0.2, 0.5, 0.3]


def test_running_shares_begin_at_those_of_the_classes():
    model = sgan(class_prior=[0.9, 0.1], max_iter=1, warm_start=True)
    model.fit(noise_images(), few_labels())
    # one batch moves them by a hundredth of its way
    np.testing.assert_allclose(model.net_.threshold_.share, [0.9, 0.1], atol=0.01)
    model.set_params(class_prior=[0.2, 0.8]).fit(noise_images(), few_labels())
    np.testing.assert_allclose(model.net_.threshold_.share, [0.9, 0.1], atol=0.02)


def test_shares_of_classes_named_by_booleans_may_be_numbered():
    pd = pytest.importorskip("pandas")
    shares = pd.Series([0.1, 0.9], index=[1, 0])
    assert check_class_prior(shares, np.array([False, True])).tolist() == [0.9, 0.1]


@pytest.mark.parametrize(
    "index", [["crater", "plane"], ["crater"], [1, 2], ["crater", "plain", "plain"]]
)
def test_a_series_that_names_other_classes_is_refused(index):
    pd = pytest.importorskip("pandas")
    shares = pd.Series(1 / len(index), index=index)
    with pytest.raises(InvalidInputError, match=r"shares of \[.*'plain'\]\. Pass a share"):
        check_class_prior(shares, np.array(["crater", "plain"]))


@pytest.mark.parametrize("shares", [{}, {"crater": 1.0}, {0: 0.5, 1: 0.5}])
def test_a_dict_must_name_the_classes(shares):
    with pytest.raises(InvalidInputError, match=r"shares of \[.*'plain'\]\. Pass a share"):
        check_class_prior(shares, np.array(["crater", "plain"]))


@pytest.mark.parametrize(
    "prior",
    [
        [0.5, 0.6],
        [0.5, 0.25, 0.25],
        [1.0, 0.0],
        [1.0, 1e-50],
        [1.5, -0.5],
        [[0.5, 0.5]],
        [np.nan, 1.0],
        ["a", "b"],
    ],
)
def test_what_are_no_shares_is_refused(prior):
    model = sgan(class_prior=prior)
    with pytest.raises(InvalidInputError, match=r"class_prior=.*each of the 2 classes"):
        model.fit(noise_images(), few_labels())
    assert not hasattr(model, "net_")


def test_a_name_that_is_unknown_is_refused():
    with pytest.raises(ValueError, match="class_prior"):
        sgan(class_prior="even").fit(noise_images(), few_labels())


def refuse_to_train(*arguments):
    raise AssertionError("a probe was asked")


@pytest.mark.parametrize(
    ("parameters", "as_table"),
    [
        ({"max_iter": 99}, False),
        ({"max_iter": 100, "class_prior": "labels"}, False),
        ({"max_iter": 100, "class_prior": [0.6, 0.4]}, False),
        ({"max_iter": 100, "pseudo_label_weight": 0, "balance_weight": 0}, False),
        ({"max_iter": 100}, True),
    ],
)
def test_no_probe_is_trained_where_its_answer_would_not_be_used(
    uneven, monkeypatch, parameters, as_table
):
    X, y, _ = uneven
    monkeypatch.setattr(_probes, "train_probe", refuse_to_train)
    SGANClassifier(**SETTINGS, **parameters).fit(X.reshape(len(X), -1) if as_table else X, y)
    with pytest.raises(AssertionError, match="a probe was asked"):
        SGANClassifier(max_iter=100, **SETTINGS).fit(X, y)


def test_the_command_says_what_was_found(tmp_path, uneven):
    X, y, _ = uneven
    for i, (image, label) in enumerate(zip(X, y, strict=True)):
        folder = tmp_path / "images" / {0: "zero", 1: "one", -1: "unlabeled"}[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((15.9375 * image).astype(np.uint8)).save(folder / f"{i}.png")
    arguments = ["fit", str(tmp_path / "images"), "-o", str(tmp_path / "m.safetensors")]
    arguments += ["--steps", "150", "--set", "width=8", "--quiet", "--force"]
    said = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert re.search(r"taken to be 1\d% one, 8\d% zero, and not as the labelled ones", said), said
    assert "--set class_prior=SHARE,SHARE,..." in said  # no brackets, which some shells expand
    arguments += ["--set", "class_prior=0.2,0.8"]
    assert "taken to be" not in CliRunner().invoke(app, arguments, catch_exceptions=False).output


def test_a_probe_that_has_learnt_little_is_not_believed(monkeypatch):
    """Unsure of every row, it has expectation-maximisation find nine tenths of one class."""
    X, y = load_digits().images, load_digits().target
    X, y = X[y < 2], y[y < 2]
    y = np.where(np.arange(len(y)) < 20, y, -1)  # 11 and 9 labels
    np.testing.assert_allclose(sgan(max_iter=120).fit(X, y).class_prior_, [12 / 22, 10 / 22])
    monkeypatch.setattr(_class_prior, "LEAST_SURENESS", 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChanceLevelWarning)  # so wrong a prior may spoil the fit
        assert sgan(max_iter=120).fit(X, y).class_prior_.max() > 0.8


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.0}])
def test_class_weights_leave_every_class_a_share(class_weight):
    model = sgan(class_weight=class_weight).fit(noise_images(), few_labels())
    assert (model.class_prior_ > 0).all()
    assert np.isfinite(model.predict_proba(noise_images())).all()


def test_partial_fit_takes_the_labels_so_far(uneven):
    X, y, _ = uneven
    model = sgan().partial_fit(X, y)
    np.testing.assert_array_equal(model.class_prior_, [0.5, 0.5])
    ones = np.flatnonzero(y == 1)[:8]
    model.partial_fit(X[ones], y[ones])
    np.testing.assert_allclose(model.class_prior_, [11 / 30, 19 / 30])


def test_balanced_weights_of_one_call_do_not_weigh_the_labels_of_another(uneven):
    X, y, _ = uneven
    model = sgan(class_weight="balanced").partial_fit(X, y)
    ones = np.flatnonzero(y == 1)[:8]
    zero = np.flatnonzero(y == 0)[:1]
    model.partial_fit(X[[*ones, *zero]], y[[*ones, *zero]])
    np.testing.assert_array_equal(model.class_prior_, [0.5, 0.5])


def test_classes_in_turn_are_counted_as_they_are(monkeypatch):
    """A probe that knows every class, asked about rows whose classes come in turn."""
    y_true = np.arange(4096) % 2
    X = np.where(y_true[:, None, None] == 1, 200, 50).astype(np.uint8) * np.ones((8, 8), np.uint8)
    y = np.full(len(X), -1)
    y[:40] = y_true[:40]
    monkeypatch.setattr(
        _probes,
        "_probabilities",
        lambda net, rows: np.eye(2)[
            (np.asarray(rows.take(np.arange(len(rows)))[:, 0, 0, 0]) > 99) * 1
        ],
    )
    model = sgan(max_iter=100, pseudo_label_weight=1.0).fit(X, y)
    np.testing.assert_array_equal(model.class_prior_, [0.5, 0.5])


def test_shares_are_saved(fitted, tmp_path):
    save(fitted, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.class_prior_, fitted.class_prior_)


def test_shares_that_were_found_outlast_calls_that_cannot_find_any(fitted, uneven, tmp_path):
    X, y, truth = uneven
    save(fitted, tmp_path / "m")
    model = load(tmp_path / "m").set_params(warm_start=True, max_iter=20)
    for call in (model.partial_fit, model.fit):  # whose steps are too few for a probe
        for _ in range(4):
            call(X, y)
            assert_array_equal(model.class_prior_, fitted.class_prior_)
    # towards even shares, the common class would be drawn into the rare one
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(np.mean(truth), abs=0.1)
    assert_array_equal(model.set_params(class_prior="labels").fit(X, y).class_prior_, [0.5, 0.5])


def test_a_first_partial_fit_has_found_no_shares(uneven):
    X, y, _ = uneven
    model = SGANClassifier(**SETTINGS).partial_fit(X, y)
    assert_array_equal(model.partial_fit(X, y).class_prior_, [0.5, 0.5])
