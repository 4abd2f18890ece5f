"""Fitting again and again, and the odd corners of a fit."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from torch import nn

from sgan_classifier import CNNClassifier, SGANClassifier, networks
from sgan_classifier._hold_out import hold_out
from sgan_classifier._random import Streams
from sgan_classifier.exceptions import DivergenceError, InvalidInputError, PoolCutWarning


@pytest.fixture
def images_and_labels():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    y = np.where(np.arange(60) < 20, np.arange(60) % 2, -1)
    return X, y


def test_warm_start_takes_changed_parameters(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    model.set_params(learning_rate=0.5, batch_size=7, ema_decay=0.0).fit(X, y)
    assert model.n_iter_ == 6
    settings = model.net_.settings
    assert (settings.learning_rate, settings.batch_size, settings.ema_decay) == (0.5, 7, 0.0)


def test_divergence_leaves_nothing_fitted(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    model.set_params(learning_rate=1e30, max_iter=50)
    with pytest.raises(DivergenceError, match="Lower learning_rate"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_passes_without_labels_keep_the_class_frequencies(images_and_labels):
    X, y = images_and_labels
    y = np.where(np.arange(60) < 20, np.arange(60) < 3, -1).astype(int)
    model = SGANClassifier(width=4, random_state=0).partial_fit(X, y)
    model.partial_fit(X[20:], y[20:])
    np.testing.assert_array_equal(model.net_.label_counts_, [17, 3])


def test_callbacks_that_are_none_are_named(images_and_labels):
    X, y = images_and_labels
    with pytest.raises(InvalidInputError, match="'checkpoint', which is no skorch callback"):
        CNNClassifier(callbacks=["checkpoint"]).fit(X, y)


def test_classes_of_partial_fit_may_hold_the_marker(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, random_state=0).partial_fit(X, y, classes=np.unique(y))
    np.testing.assert_array_equal(model.classes_, [0, 1])
    with pytest.raises(InvalidInputError, match="names 1 class"):
        SGANClassifier(width=4).partial_fit(X, y, classes=[0])


def test_passes_add_up_their_labels(images_and_labels):
    X, _ = images_and_labels
    model = SGANClassifier(width=4, random_state=0)
    model.partial_fit(X[:4], np.zeros(4, dtype=int), classes=[0, 1])
    model.partial_fit(X[4:8], np.ones(4, dtype=int))
    np.testing.assert_array_equal(model.net_.label_counts_, [4, 4])


def test_pass_without_labels_or_unsupervised_loss_changes_no_weight(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(
        width=4, pseudo_label_weight=0, balance_weight=0, adversarial_weight=0, random_state=0
    ).partial_fit(X, y)
    before = model.net_.module_.head.bias.detach().clone()
    model.partial_fit(X[20:], y[20:])
    assert before.equal(model.net_.module_.head.bias.detach())


def test_warm_start_takes_changed_optimizer_parameters(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=2, warm_start=True, random_state=0).fit(X, y)
    model.set_params(optimizer_params={"weight_decay": 0.3}).fit(X, y)
    for optimizer in (model.net_.optimizer_, model.net_.generator_optimizer_):
        assert optimizer.param_groups[0]["weight_decay"] == 0.3


def test_warm_start_forgets_optimizer_parameters_that_are_taken_back(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=2, warm_start=True, random_state=0)
    model.set_params(optimizer_params={"weight_decay": 0.3, "eps": 1e-3}).fit(X, y)
    model.set_params(optimizer_params=None).fit(X, y)
    fresh = clone(model).fit(X, y)
    for name in ("optimizer_", "generator_optimizer_"):
        mine, new = (getattr(m.net_, name).param_groups[0] for m in (model, fresh))
        for option in ("betas", "eps", "weight_decay", "amsgrad"):
            assert mine[option] == new[option]


def test_warm_start_cannot_begin_with_amsgrad(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=2, warm_start=True, random_state=0).fit(X, y)
    with pytest.raises(InvalidInputError, match="amsgrad"):
        model.set_params(optimizer_params={"amsgrad": True}).fit(X, y)
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 2
    assert model.set_params(warm_start=True).fit(X, y).n_iter_ == 4


@pytest.mark.parametrize("name", ["lr", "beta"])
def test_warm_start_refuses_what_the_optimizer_does_not_take(images_and_labels, name):
    X, y = images_and_labels
    model = SGANClassifier(width=4, max_iter=2, warm_start=True, random_state=0).fit(X, y)
    with pytest.raises(InvalidInputError, match=f"optimizer_params=.*{name!r}.*learning_rate"):
        model.set_params(optimizer_params={name: 0.1}).fit(X, y)
    model.set_params(optimizer_params=None).fit(X, y)
    assert model.n_iter_ == 4


def test_samples_of_big_endian_floats_are_of_their_width(images_and_labels):
    X, y = images_and_labels
    model = SGANClassifier(max_iter=1, width=2, random_state=0).fit(X.astype(">f8"), y)
    assert model.sample(2, random_state=0).dtype == np.float64


def test_frozen_layers_of_own_networks_stay_frozen(images_and_labels):
    X, y = images_and_labels

    def network(input_shape, n_classes):
        trunk = nn.Linear(64, 8).requires_grad_(False)
        discriminator = nn.Sequential(nn.Flatten(), trunk, nn.ReLU(), nn.Linear(8, n_classes))
        generator = nn.Sequential(nn.Linear(5, 64), nn.Unflatten(1, input_shape))
        return generator, discriminator

    fits = {
        steps: SGANClassifier(network=network, latent_dim=5, max_iter=steps, random_state=0)
        for steps in (1, 4)
    }
    first, later = (fits[steps].fit(X, y).net_.module_.module for steps in fits)
    assert first[1].weight.equal(later[1].weight)
    assert not first[3].weight.equal(later[3].weight)


def test_batches_of_weight_zero_do_not_diverge(images_and_labels):
    X, y = images_and_labels
    model = CNNClassifier(
        width=4, batch_size=1, max_iter=20, class_weight={0: 0.0, 1: 1.0}, random_state=0
    ).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize(("counts", "fraction"), [((15, 15), 0.1), ((5,) * 10, 0.3)])
def test_at_least_two_rows_of_each_class_are_held_out(counts, fraction):
    codes = np.repeat(np.arange(len(counts)), counts)
    positions = np.arange(100, 100 + len(codes))
    if round(fraction * counts[0]) < 2:
        with pytest.raises(InvalidInputError, match="at least 2 are needed"):
            hold_out(positions, codes, np.arange(len(counts)), fraction, seed=0)
        return
    training, validation = hold_out(positions, codes, np.arange(len(counts)), fraction, seed=0)
    held_out = np.bincount(codes[validation - 100])
    assert (held_out == round(fraction * counts[0])).all()
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), positions)


def test_further_labels_leave_most_rows_on_their_side():
    rng = np.random.default_rng(1)
    positions = np.sort(rng.permutation(300)[:110])
    codes = rng.integers(0, 2, 110)
    few = np.sort(rng.permutation(110)[:100])
    before, held_out = hold_out(positions[few], codes[few], np.arange(2), 0.2, seed=0)
    after, held_out_now = hold_out(positions, codes, np.arange(2), 0.2, seed=0)
    assert len(np.intersect1d(before, held_out_now)) <= 2
    assert len(np.intersect1d(after, held_out)) <= 2


def test_masks_train_as_their_values_do_in_full_range(images_and_labels):
    X, y = images_and_labels
    masks = X > 127
    of_bool = CNNClassifier(width=4, max_iter=3, random_state=0).fit(masks, y)
    of_uint8 = CNNClassifier(width=4, max_iter=3, random_state=0).fit(masks * np.uint8(255), y)
    np.testing.assert_allclose(
        of_bool.predict_proba(masks), of_uint8.predict_proba(masks * np.uint8(255)), rtol=1e-4
    )


def test_seeds_share_no_stream():
    streams = [Streams.from_seed(seed, torch.device("cpu")) for seed in range(3)]
    draws = [
        tuple(torch.rand(3, generator=generator).tolist())
        for stream in streams
        for generator in (stream.weights, stream.noise)
    ]
    assert len(set(draws)) == 6


def test_score_takes_sample_weight(images_and_labels):
    X, y = images_and_labels
    model = CNNClassifier(width=4, max_iter=3, random_state=0).fit(X, y)
    right = (model.predict(X) == y).astype(float)
    assert model.score(X, y, sample_weight=right) == 1.0


def test_samples_of_tables_keep_large_offsets():
    rng = np.random.default_rng(0)
    X = 1e9 + rng.normal(size=(40, 3))
    samples = SGANClassifier(width=4, max_iter=3, random_state=0).fit(X, [0, 1] * 10 + [-1] * 20)
    spread = samples.sample(20, random_state=0).std(axis=0)
    assert (spread > 1e-3).all()


@pytest.mark.parametrize(
    ("callback", "message"),
    [(LRScheduler(), "learning_rate_schedule"), (EpochScoring("accuracy"), "early_stopping=True")],
)
def test_callbacks_that_cannot_work_are_refused(images_and_labels, callback, message):
    X, y = images_and_labels
    with pytest.raises(InvalidInputError, match=message):
        SGANClassifier(callbacks=[callback]).fit(X, y)


def test_gradient_clipping_sees_both_networks(images_and_labels):
    X, y = images_and_labels

    class Recorder(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            seen.append(sum(1 for _ in named_parameters))

    seen: list[int] = []
    model = SGANClassifier(width=4, max_iter=3, callbacks=[Recorder()], random_state=0).fit(X, y)
    networks = (model.net_.module_, model.net_.generator_)
    assert seen == 3 * [len(list(network.parameters())) for network in networks]


def test_augmentation_that_changes_the_shape_is_refused(images_and_labels):
    X, y = images_and_labels
    with pytest.raises(InvalidInputError, match=r"augment turns .*into torch.float32 of shape"):
        SGANClassifier(augment=lambda x: x[:, :, 1:]).fit(X, y)


def test_pool_of_whole_numbers_beside_fractions_is_refused(images_and_labels):
    X, y = images_and_labels
    with pytest.raises(InvalidInputError, match="whose scales differ"):
        SGANClassifier(width=4).fit(X / 255.0, y, X_unlabeled=X[:7].astype(np.int32))


def test_bare_array_of_the_length_of_x_warns_inside_a_search(images_and_labels):
    X, y = images_and_labels
    X, y = X[:20], y[:20]
    search = GridSearchCV(SGANClassifier(width=4, max_iter=2), {"width": [2]}, cv=2)
    with pytest.warns(PoolCutWarning, match="UnlabeledPool"):
        search.fit(X, y, X_unlabeled=X[::-1])


@pytest.mark.parametrize("n_steps", [0, 2])
def test_error_in_a_step_keeps_what_was_learnt_and_no_more(images_and_labels, n_steps):
    X, y = images_and_labels

    class Failing(Callback):
        def on_batch_begin(self, net, **kwargs):
            if net.n_steps_ == n_steps:
                raise MemoryError

    model = SGANClassifier(width=4, max_iter=5, callbacks=[Failing()], random_state=0)
    with pytest.raises(MemoryError):
        model.fit(X, y)
    if n_steps:
        assert (model.n_iter_, len(model.history_)) == (2, 2)
        assert model.predict(X).shape == (60,)
    else:
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_networks_of_this_library_may_be_built_by_hand(images_and_labels):
    X, y = images_and_labels

    def pair(input_shape, n_classes):
        generator = networks.StridedGenerator(input_shape, width=4, latent_dim=5, amplitude=1.0)
        return generator, networks.PooledDiscriminator(input_shape, n_classes, width=4)

    first, second, third = (
        SGANClassifier(network=pair, max_iter=3, random_state=seed).fit(X, y) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert not np.array_equal(first.predict_proba(X), third.predict_proba(X))
    _, built = pair((1, 8, 8), 2)
    deviation = built.convolutions[0].direction.std()
    assert 0.3 < deviation < 0.7, "about sqrt(2 / 9), and not whatever lay in memory"


def test_interrupt_before_the_first_step_leaves_nothing_fitted(images_and_labels):
    X, y = images_and_labels

    class Interrupt(Callback):
        def on_batch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    model = SGANClassifier(width=4, max_iter=3, callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
