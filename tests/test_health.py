"""Training that goes wrong is found and named; training that goes well raises nothing."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from skorch.callbacks import Callback
from tiny import both, cnn, few_labels, noise_images, sgan
from torch import nn

from sgan_classifier._batches import Rows
from sgan_classifier._health import CHECK_EVERY, MIN_STEPS, WINDOW, Health
from sgan_classifier._step import TrainingData
from sgan_classifier.exceptions import (
    ChanceLevelWarning,
    DiscriminatorOverfitWarning,
    DiscriminatorWinsWarning,
    DivergenceError,
    GeneratorCollapseWarning,
    InputScaleWarning,
    InvalidInputError,
)

X, Y = noise_images(40), few_labels(40, n_labeled=16)
kinds = pytest.mark.parametrize("kind", ["images", "tables"])


def zeros_and_ones(kind="images"):
    """The digits 0 and 1, (360, 8, 8) or (360, 64), 0..16; their classes; twenty labels."""
    digits = load_digits()
    rows = np.flatnonzero(digits.target < 2)
    true = digits.target[rows]
    images = digits.images[rows] if kind == "images" else digits.data[rows]
    return images, true, np.where(np.arange(len(rows)) < 20, true, -1)


# ------------------------------------------------------------------ divergence


class BreaksAt(Callback):
    """Makes a weight infinite, or huge, after some step."""

    def __init__(self, step, value):
        self.step, self.value = step, value

    def on_batch_end(self, net, **kwargs):
        if net.n_steps_ == self.step:
            with torch.no_grad():
                next(net.module_.parameters()).fill_(self.value)


@both
def test_divergence_is_reported_with_the_step_at_which_it_began(make):
    # records of a fit of 4000 steps are 80 steps apart: it is found before the first
    estimator = make(max_iter=4000, callbacks=[BreaksAt(step=7, value=float("nan"))])
    with pytest.raises(DivergenceError, match=r"loss became.*at step 8\. Lower learning_rate"):
        estimator.fit(X, Y)


def test_divergence_is_found_within_a_few_steps_of_a_long_fit():
    class Counter(Callback):
        def on_batch_end(self, net, **kwargs):
            steps.append(net.n_steps_)

    steps: list[int] = []
    estimator = cnn(max_iter=10**6, callbacks=[BreaksAt(step=7, value=float("inf")), Counter()])
    with pytest.raises(DivergenceError, match="at step 8"):
        estimator.fit(X, Y)
    assert len(steps) == CHECK_EVERY


def test_gradients_too_large_for_adams_squares_are_an_error():
    # the loss stays finite, but no weight would ever move again
    class Explodes(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(64, 2)

        def forward(self, x):
            logits = self.linear(x.flatten(1))
            return logits + 1e25 * (logits - logits.detach())

    with pytest.raises(DivergenceError, match="gradient_norm became infinite or NaN at step 1"):
        cnn(network=lambda shape, n_classes: Explodes()).fit(X, Y)


@both
def test_weights_ruined_by_the_last_step_are_an_error(make):
    with pytest.raises(DivergenceError):
        make(max_iter=1, learning_rate=1e30).fit(X, Y)


@kinds
@both
@pytest.mark.parametrize("max_iter", [5, 120])
@pytest.mark.parametrize("learning_rate", [1e3, 1e30])
def test_huge_learning_rate_is_an_error_or_leaves_a_classifier_that_works(
    make, kind, learning_rate, max_iter
):
    images, true, y = zeros_and_ones(kind)
    estimator = make(learning_rate=learning_rate, max_iter=max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeneratorCollapseWarning)
        try:
            estimator.fit(images, y)
        except DivergenceError as error:
            assert "Lower learning_rate" in str(error)  # noqa: PT017 (either outcome is right)
        else:
            assert estimator.score(images, true) > 0.75


def test_an_average_right_by_chance_does_not_hide_that_the_steps_diverged():
    rows, _, y = zeros_and_ones("tables")
    with pytest.raises(DivergenceError, match=r"on the labelled rows is still .* at step 120"):
        sgan(learning_rate=1e3, max_iter=120).fit(rows, y)


@kinds
@both
@pytest.mark.parametrize("greatest", [1e9, 1e30, 1e38])
def test_huge_pixels_without_scaling_are_an_error_that_names_the_remedy(make, kind, greatest):
    images, _, y = zeros_and_ones(kind)
    with pytest.raises(InvalidInputError, match=r"values of up to 1e\+.*Pass scaling='auto'"):
        make(scaling=None).fit(images * (greatest / 16), y)


@kinds
@both
@pytest.mark.parametrize("factor", [1e-30, 1e-16, 1e8, 1e36])
def test_pixels_of_any_size_are_learnt_from_as_they_are_by_default(make, kind, factor):
    images, true, y = zeros_and_ones(kind)
    estimator = make(max_iter=120).fit(images * factor, y)
    assert estimator.score(images * factor, true) > 0.75


@both
@pytest.mark.parametrize(
    "rows",
    [np.full((40, 8, 8), 3.0), np.full((40, 5), 1e9), 1 + 1e-17 * X.reshape(40, 64)],
    ids=["equal images", "equal rows", "differences below rounding"],
)
def test_rows_that_are_all_equal_are_an_error(make, rows):
    with pytest.raises(InvalidInputError, match=r"All 16 labelled rows are equal"):
        make().fit(rows, Y)


# ------------------------------------------------------------------ warnings


@pytest.mark.parametrize("rate", [1e4, 1e6])
def test_dead_generator_is_named(rate):
    images, _, y = zeros_and_ones()
    with pytest.warns(GeneratorCollapseWarning, match="Lower generator_learning_rate"):
        sgan(max_iter=120, generator_learning_rate=rate).fit(images, y)


def test_generator_that_makes_one_image_is_named():
    class OneImage(nn.Module):
        def __init__(self):
            super().__init__()
            self.image = nn.Parameter(torch.zeros(1, 8, 8))

        def forward(self, z):
            return self.image.expand(len(z), 1, 8, 8)

    def network(input_shape, n_classes):
        return OneImage(), nn.Sequential(nn.Flatten(), nn.Linear(64, n_classes))

    images, _, y = zeros_and_ones()
    estimator = sgan(network=network, max_iter=MIN_STEPS)
    with pytest.warns(GeneratorCollapseWarning, match="all alike") as caught:
        estimator.fit(images, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__  # points at the line that called fit
    assert estimator.history_[-1]["generated_spread"] == pytest.approx(0.0, abs=1e-6)


def test_discriminator_that_wins_outright_is_named():
    rows, _, y = zeros_and_ones("tables")
    estimator = sgan(
        max_iter=150,
        width=16,
        learning_rate=1e-2,
        generator_learning_rate=1e-12,
        adversarial_weight=5.0,
    )
    with pytest.warns(DiscriminatorWinsWarning, match=r"D_u is 0\.99.*raise generator_learning"):
        estimator.fit(rows, y)


def test_discriminator_that_knows_its_rows_by_heart_is_named():
    # few rows of much noise, and a discriminator that does little else than tell them apart
    rng = np.random.default_rng(0)
    true = np.arange(60) % 2
    images = rng.normal(size=(60, 8, 8))
    images[true == 1, :, :4] += 1.5
    estimator = sgan(
        max_iter=300,
        width=16,
        adversarial_weight=20.0,
        generator_loss="non_saturating",
        generator_learning_rate=1e-2,
        balance_weight=0.0,
        pseudo_label_weight=0.0,
        augment=None,
        early_stopping=True,
        validation_fraction=0.5,
    )
    with pytest.warns(DiscriminatorOverfitWarning, match="by heart.*Add unlabelled rows"):
        estimator.fit(images, np.where(np.arange(60) < 40, true, -1))
    last = estimator.history_[-1]
    assert last["labeled_realness"] > last["valid_realness"] + 0.1


@pytest.mark.parametrize(
    ("labeled", "held_out", "generated", "is_overfit"),
    [
        (0.9, 0.6, 0.5, True),  # three quarters of the way
        (0.9, 0.6, 0.1, False),
        (0.9, 0.49, 0.1, True),  # half of the way, and a little more
        (0.9, 0.51, 0.1, False),
        (0.6, 0.5, 0.55, False),  # all alike, and too near for a ratio
        (0.6, 0.4, 0.55, True),
        (0.9, 0.9, 0.1, False),
    ],
)
def test_rows_held_out_that_lie_near_the_generated_ones_are_overfitting(
    labeled, held_out, generated, is_overfit
):
    estimator = cnn().fit(X, Y)
    rows = Rows([X], estimator._layout, np.arange(16))
    health = Health(estimator.net_, TrainingData(rows, Y[:16]), [])
    health.n_steps = MIN_STEPS
    figures = {"labeled_realness": labeled, "valid_realness": held_out, "realness_fake": generated}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(WINDOW):
            health.judge(figures)
    assert [warning.category for warning in caught] == [DiscriminatorOverfitWarning] * is_overfit


@both
def test_classifier_that_learnt_nothing_is_named(make):
    with pytest.warns(ChanceLevelWarning, match="is on 50%.*learnt nothing") as caught:
        make(max_iter=MIN_STEPS, learning_rate=1e-12).fit(X, Y)
    assert caught[0].filename == __file__  # points at the line that called fit


def test_pool_that_is_all_given_one_class_is_named():
    # the labelled rows are told apart, and all others are like those of the first class
    images = noise_images(2000, seed=1) // 4
    images[:, :, :4] += 190
    images[1], images[3] = images[1, :, ::-1], images[3, :, ::-1]
    y = few_labels(2000, n_labeled=4)
    estimator = sgan(max_iter=MIN_STEPS, balance_weight=0.0, pseudo_label_weight=0.0)
    with pytest.warns(ChanceLevelWarning, match="same class, which 50%") as caught:
        estimator.fit(images, y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(estimator.predict(images[:4]), y[:4])


def test_short_fits_are_not_judged():
    make = sgan(max_iter=MIN_STEPS - 1, learning_rate=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make.fit(X, Y)


def test_passes_over_new_kinds_of_rows_are_no_divergence():
    estimator = cnn(scaling="range").partial_fit(X.astype(float), Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", InputScaleWarning)  # as they are
        estimator.partial_fit(X * 1000.0, Y)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["images", "tables"])
@pytest.mark.parametrize("n_labeled", [20, 50])
def test_default_fits_raise_no_alarm(kind, n_labeled):
    digits = load_digits()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        shown = [rng.choice(np.flatnonzero(digits.target == k), n_labeled // 10) for k in range(10)]
        y = np.full(len(digits.target), -1)
        y[np.concatenate(shown)] = digits.target[np.concatenate(shown)]
        rows = digits.images if kind == "images" else digits.data
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sgan(max_iter=150, width=8, batch_size=32, latent_dim=100, random_state=seed).fit(
                rows, y
            )


# ------------------------------------------------------------------ history


def test_history_records_what_tells_that_training_is_healthy():
    estimator = sgan(early_stopping=True, validation_fraction=0.25).fit(X, Y)
    figures = {"gradient_norm", "generator_gradient_norm", "generated_spread"}
    held_out = {"valid_loss", "valid_accuracy", "valid_realness", "labeled_realness"}
    balance = {"realness_real", "realness_fake", "feature_distance", "pseudo_label_rate"}
    for record in estimator.history_:
        assert figures | held_out | balance <= record.keys()
        assert all(np.isfinite(value) for value in record.values())
        assert 0 <= record["valid_realness"] <= 1
    supervised = cnn(early_stopping=True, validation_fraction=0.25).fit(X, Y)
    assert supervised.history_[-1].keys() == {
        "step",
        "seconds",
        "loss",
        "labeled_loss",
        "gradient_norm",
        "valid_loss",
        "valid_accuracy",
    }


def test_gradient_norm_is_that_of_the_gradients():
    class Norm(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            squares = [np.square(p.grad.numpy(), dtype=np.float64) for _, p in named_parameters]
            norms.append(np.sqrt(sum(square.sum() for square in squares)))

    norms: list[float] = []
    record = sgan(max_iter=1, callbacks=[Norm()]).fit(X, Y).history_[0]
    figures = [record["gradient_norm"], record["generator_gradient_norm"]]
    np.testing.assert_allclose(figures, norms, rtol=1e-5)


def test_looking_changes_no_weight(monkeypatch):
    watched = sgan(max_iter=4, early_stopping=True, validation_fraction=0.25).fit(X, Y)
    monkeypatch.setattr("sgan_classifier._health.Health.look", lambda self: {})
    unwatched = sgan(max_iter=4, early_stopping=True, validation_fraction=0.25).fit(X, Y)
    np.testing.assert_array_equal(watched.predict_proba(X), unwatched.predict_proba(X))
