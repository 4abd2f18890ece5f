"""It learns from unlabelled images, and no network touches the other.

What is checked is a function that asserts; each is also run on a copy that is broken on purpose.
"""

import contextlib
import copy

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from tiny import cnn, digits, few_labels, noise_images, same_state, sgan, state, weights

from sgan_classifier import CNNClassifier, SGANClassifier, _engine, _step
from sgan_classifier._batches import Rows
from sgan_classifier.model_selection import mask_labels

X, Y = noise_images(40), few_labels(40)
HIDDEN = Y == -1

UNSUPERVISED = ["adversarial_weight", "entropy_weight", "pseudo_label_weight", "balance_weight"]
NONE_OF_THEM = dict.fromkeys(UNSUPERVISED, 0.0)
EACH_ALONE = [{**NONE_OF_THEM, name: 1.0} for name in UNSUPERVISED]


class UnsharedTrunks(_step.TrainingStep):
    """The 2021 study's defect: labelled images train one network, all others another."""

    def __init__(self, net, data):
        super().__init__(net, data)
        self.other = copy.deepcopy(net.module_)

    def _discriminate(self, x):
        n_labeled = self.settings.batch_size if len(self.data.labeled) else 0
        with self.net.autocast():
            of_classifier = self.net.module_(x[:n_labeled], self.rng)
            of_judge = self.other(x[n_labeled:], self.rng)
        pairs = zip(of_classifier, of_judge, strict=True)
        return tuple(torch.cat(pair).float() for pair in pairs)


class EvenDeafer(UnsharedTrunks):
    """The same for a discriminator that is trained without a single labelled row."""

    def _descend(self, loss, learner):
        if not loss.requires_grad:
            return loss.detach()
        return super()._descend(loss, learner)


# ------------------------------------------------------------------ it learns from hidden images


def shuffled_hidden_pixels():
    shuffled = X.copy().reshape(len(X), -1)
    rng = np.random.default_rng(0)
    shuffled[HIDDEN] = rng.permuted(shuffled[HIDDEN], axis=1)
    return shuffled.reshape(X.shape)


def assert_hidden_pixels_matter(make, **params):
    plain = make(**params).fit(X, Y).predict_proba(X[~HIDDEN])
    shuffled = make(**params).fit(shuffled_hidden_pixels(), Y).predict_proba(X[~HIDDEN])
    assert np.abs(plain - shuffled).max() > 1e-4


@pytest.mark.parametrize("params", [{}, *EACH_ALONE], ids=["all", *UNSUPERVISED])
def test_shuffling_the_hidden_images_pixels_changes_the_classifier(params):
    assert_hidden_pixels_matter(sgan, **params)


def test_shuffling_the_pixels_of_x_unlabeled_changes_the_classifier():
    labeled, y = X[~HIDDEN], Y[~HIDDEN]
    fits = [
        sgan().fit(labeled, y, X_unlabeled=pool[HIDDEN]).predict_proba(labeled)
        for pool in (X, shuffled_hidden_pixels())
    ]
    assert np.abs(fits[0] - fits[1]).max() > 1e-4


def test_that_check_fails_on_unshared_trunks(monkeypatch):
    monkeypatch.setattr(_engine, "TrainingStep", UnsharedTrunks)
    with pytest.raises(AssertionError):
        assert_hidden_pixels_matter(sgan)


def test_that_check_fails_on_the_supervised_baseline():
    with pytest.raises(AssertionError):
        assert_hidden_pixels_matter(cnn)


def test_that_check_fails_without_weight_on_unlabelled_images():
    with pytest.raises(AssertionError):
        assert_hidden_pixels_matter(sgan, **NONE_OF_THEM)


def assert_unsupervised_loss_moves_every_weight(make, **params):
    """Rows without a single label go on training all of the classifier."""
    estimator = make(**params).fit(X, Y)
    before = state(estimator.net_.module_)
    estimator.partial_fit(X, np.full(len(X), -1))
    for name, value in estimator.net_.module_.named_parameters():
        assert value.grad is not None, name
        assert value.grad.abs().max() > 0, name
        assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize("params", EACH_ALONE, ids=UNSUPERVISED)
def test_unsupervised_loss_alone_moves_every_weight_of_the_classifier(params):
    assert_unsupervised_loss_moves_every_weight(sgan, **params)


def test_that_check_fails_on_unshared_trunks_too(monkeypatch):
    monkeypatch.setattr(_engine, "TrainingStep", EvenDeafer)
    with pytest.raises(AssertionError):
        assert_unsupervised_loss_moves_every_weight(sgan)


def test_baseline_ignores_unlabelled_rows_altogether():
    with_hidden = cnn().fit(X, Y)
    assert same_state(weights(with_hidden), weights(cnn().fit(X[~HIDDEN], Y[~HIDDEN])))
    pool = cnn().fit(X[~HIDDEN], Y[~HIDDEN], X_unlabeled=X[HIDDEN])
    assert same_state(weights(with_hidden), weights(pool))


def test_same_unlabelled_rows_in_y_or_as_x_unlabeled_give_the_same_classifier():
    in_order = np.argsort(HIDDEN, kind="stable")
    together = sgan().fit(X[in_order], Y[in_order])
    apart = sgan().fit(X[~HIDDEN], Y[~HIDDEN], X_unlabeled=X[HIDDEN])
    assert same_state(weights(together), weights(apart))


# ------------------------------------------------------------------ each step, its own network


def prepared_step(step_class, **params):
    """A step of a net that has trained a little, and its data."""
    estimator = sgan(**params).fit(X, Y)
    labeled = np.flatnonzero(~HIDDEN)
    data = _step.TrainingData(
        labeled=Rows([X], estimator._layout, labeled),
        codes=Y[labeled],
        pool=Rows([X], estimator._layout),
    )
    return estimator.net_, step_class(estimator.net_, data)


def parameters(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def gradients(module):
    return {
        name: torch.zeros(()) if p.grad is None else p.grad.clone()
        for name, p in module.named_parameters()
    }


def assert_discriminator_step_leaves_generator_alone(step_class, **params):
    """Its weights, their gradients and their average; batch statistics move when it generates."""

    class OnlyDiscriminator(step_class):
        def _update_generator(self, fake, real_features):
            return {}

    net, step = prepared_step(OnlyDiscriminator, **params)
    own = state(net.module_)
    before = parameters(net.generator_), gradients(net.generator_), state(net.generator_average_)
    step()
    after = parameters(net.generator_), gradients(net.generator_), state(net.generator_average_)
    assert all(same_state(*pair) for pair in zip(before, after, strict=True))
    assert not same_state(own, state(net.module_))


def assert_generator_step_leaves_discriminator_alone(step_class, **params):
    """Its weights, their gradients and their average."""
    net, step = prepared_step(step_class, **params)
    fake = step._generate(8)
    with torch.no_grad():
        views = step._views({"strong": step.data.pool.take(np.arange(8))})
        real_features = net.module_(views["strong"])[1].mean(dim=0)
    own = parameters(net.generator_)
    before = state(net.module_), gradients(net.module_), state(net.average_)
    step._update_generator(fake, real_features)
    after = state(net.module_), gradients(net.module_), state(net.average_)
    assert all(same_state(*pair) for pair in zip(before, after, strict=True))
    assert not same_state(own, parameters(net.generator_))


class AttachedFakes(_step.TrainingStep):
    """Broken: the discriminator's loss leaves gradients in the generator."""

    def _update_discriminator(self, batches, *others):
        attached = self._generate(len(batches[-1]))
        return super()._update_discriminator([*batches[:-1], attached], *others)


class BothOptimizersStep(_step.TrainingStep):
    """Broken: each loss moves both networks, by whatever gradients they have."""

    def _descend(self, loss, learner):
        norm = super()._descend(loss, learner)
        for mine in (self.net.optimizer_, self.net.generator_optimizer_):
            if mine is not learner.optimizer:
                mine.step()
        return norm


LOSSES = ["non_saturating", "feature_matching", "feature_matching_squared"]


@pytest.mark.parametrize("generator_loss", LOSSES)
def test_discriminator_step_leaves_the_generator_bit_for_bit_unchanged(generator_loss):
    assert_discriminator_step_leaves_generator_alone(
        _step.TrainingStep, generator_loss=generator_loss
    )


@pytest.mark.parametrize("generator_loss", LOSSES)
def test_generator_step_leaves_the_discriminator_bit_for_bit_unchanged(generator_loss):
    assert_generator_step_leaves_discriminator_alone(
        _step.TrainingStep, generator_loss=generator_loss
    )


@pytest.mark.parametrize("broken", [AttachedFakes, BothOptimizersStep])
def test_discriminator_check_fails_on_broken_copies(broken):
    with pytest.raises(AssertionError):
        assert_discriminator_step_leaves_generator_alone(broken)


def test_generator_check_fails_where_both_optimizers_step():
    with pytest.raises(AssertionError):
        assert_generator_step_leaves_discriminator_alone(BothOptimizersStep)


def test_generator_check_fails_on_an_unfrozen_discriminator(monkeypatch):
    monkeypatch.setattr(_step.Learner, "frozen", lambda self: contextlib.nullcontext())
    with pytest.raises(AssertionError):
        assert_generator_step_leaves_discriminator_alone(_step.TrainingStep)


# ------------------------------------------------------------------ and it learns well


@pytest.fixture(scope="module")
def digit_scores():
    """Test accuracy with 50 labels over three draws: SGAN, the same CNN, logistic regression."""
    scores = {"sgan": [], "cnn": [], "logistic": []}
    params = {
        "max_iter": 200,
        "augment": None,
        "width": 8,
        "batch_size": 32,
        "learning_rate": 4e-3,
        "precision": "fp32",
    }
    for seed in range(3):
        images, true, masked = digits(50, seed)
        hidden = masked == -1
        tables = images.reshape(len(images), -1)
        for name, estimator in (
            ("sgan", SGANClassifier(**params, random_state=seed)),
            ("cnn", CNNClassifier(**params, random_state=seed)),
        ):
            scores[name].append(estimator.fit(images, masked).score(images[hidden], true[hidden]))
        logistic = LogisticRegression(max_iter=2000).fit(tables[~hidden] / 16, true[~hidden])
        scores["logistic"].append(logistic.score(tables[hidden] / 16, true[hidden]))
    return {name: np.array(values) for name, values in scores.items()}


def test_sgan_beats_logistic_regression_on_digits_with_50_labels_in_every_draw(digit_scores):
    assert (digit_scores["sgan"] > digit_scores["logistic"]).all()
    assert digit_scores["sgan"].mean() > digit_scores["logistic"].mean() + 0.02


def test_baseline_learns_digits_too(digit_scores):
    assert digit_scores["cnn"].mean() > digit_scores["logistic"].mean() - 0.02


@pytest.mark.parametrize("network", ["auto", "crater2021"])
def test_baseline_converges_with_ten_labels(network):
    digits_0_1 = load_digits(n_class=2)
    images, y = digits_0_1.images, digits_0_1.target
    masked = mask_labels(y, 10, random_state=0)
    estimator = CNNClassifier(
        network=network, width=8, max_iter=100, batch_size=10, precision="fp32", random_state=0
    ).fit(images, masked)
    labeled = masked != -1
    assert estimator.score(images[labeled], y[labeled]) == 1.0
    assert estimator.history_[-1]["labeled_loss"] < 0.05
    assert estimator.score(images, y) > 0.9
