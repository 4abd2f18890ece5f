"""What the options of both estimators do in training, and what it leaves behind."""

import numpy as np
import pytest
import torch
from tiny import (
    assert_answers,
    both,
    cnn,
    digits,
    few_labels,
    noise_images,
    same_state,
    sgan,
    weights,
)
from torch import nn

from sgan_classifier._engine import SemiSupervisedNet
from sgan_classifier._hold_out import hold_out
from sgan_classifier.exceptions import InvalidInputError, TrainingInterruptedWarning

X, Y = noise_images(), few_labels()


@both
@pytest.mark.parametrize(
    "params",
    [
        {"learning_rate_schedule": "constant"},
        {"learning_rate_schedule": "cosine"},
        {"ema_decay": 0.0},
        {"optimizer_params": {"betas": (0.9, 0.99), "weight_decay": 0.1}},
        {"network": "crater2021"},
        {"network": "salimans2016_mnist", "scaling": "unit"},
        {"scaling": "per_image"},
        {"class_weight": "balanced"},
        {"class_weight": {1: 5.0}},
        {"device": torch.device("cpu")},
        {"width": 1},
    ],
    ids=str,
)
def test_options_train(make, params):
    assert_answers(make(**params).fit(X, Y), X)


@pytest.mark.parametrize(
    "params",
    [
        {"entropy_weight": 0.5},
        {"pseudo_label_weight": 0.0, "balance_weight": 0.0},
        {"generator_loss": "feature_matching"},
        {"generator_loss": "feature_matching_squared"},
        {"fake_ratio": (0.5, 2.0)},
        {"unlabeled_ratio": 3.5},
        {"unlabeled_ratio": 0.01, "fake_ratio": 0.01},
        {"generator_learning_rate": 1e-5},
        {"latent_dim": 1},
        {"network": "salimans2016_conv"},
    ],
    ids=str,
)
def test_options_of_the_sgan_train(params):
    images = noise_images(height=12, width=12)
    assert_answers(sgan(**params).fit(images, Y), images)


def test_tables_get_neither_pseudo_labels_nor_a_class_balance_unless_asked():
    table = noise_images().reshape(24, -1)[:, :5]
    on_table = {"pseudo_label_weight": 0.0, "balance_weight": 0.0}
    on_images = {"pseudo_label_weight": 1.0, "balance_weight": 5.0}
    for rows, resolved, other in ((table, on_table, on_images), (X, on_images, on_table)):
        auto = weights(sgan().fit(rows, Y))
        assert same_state(auto, weights(sgan(**resolved).fit(rows, Y)))
        assert not same_state(auto, weights(sgan(**other).fit(rows, Y)))


@pytest.mark.parametrize("rows", [X, X.reshape(24, -1)[:, :5]], ids=["images", "table"])
def test_class_balance_comes_and_goes_with_the_pseudo_labels(rows):
    for weight, balance, other in ((0.0, 0.0, 5.0), (0.5, 5.0, 0.0)):
        auto = weights(sgan(pseudo_label_weight=weight).fit(rows, Y))
        resolved, wrong = (
            weights(sgan(pseudo_label_weight=weight, balance_weight=value).fit(rows, Y))
            for value in (balance, other)
        )
        assert same_state(auto, resolved)
        assert not same_state(auto, wrong)


@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_class_balance_counts_with_the_square_of_the_learning_rate(schedule):
    params = {"pseudo_label_weight": 0.0, "balance_weight": 5.0, "max_iter": 50}
    estimator = sgan(learning_rate_schedule=schedule, **params).fit(X, Y)
    steps, loss, labeled, adversarial, balance = (
        np.array([record[name] for record in estimator.history_])
        for name in ("step", "loss", "labeled_loss", "adversarial_loss", "class_balance")
    )
    falling, constant = (
        labeled + 0.1 * adversarial + 5.0 * factor**2 * balance
        for factor in (1 - (steps - 1) / 50, 1)
    )
    right, wrong = (falling, constant) if schedule == "linear" else (constant, falling)
    np.testing.assert_allclose(loss, right, rtol=1e-5)
    assert not np.allclose(loss, wrong, rtol=1e-3)


def test_pseudo_labels_count_in_full_after_three_tenths_of_a_fit():
    params = {"pseudo_label_weight": 2.0, "balance_weight": 0.0, "max_iter": 20}
    estimator = sgan(**params).fit(X, Y)
    steps, loss, labeled, adversarial, of_pseudo_labels = (
        np.array([record[name] for record in estimator.history_])
        for name in ("step", "loss", "labeled_loss", "adversarial_loss", "pseudo_label_loss")
    )
    rest = labeled + 0.1 * adversarial
    ramp = np.minimum(1, steps / 6)
    np.testing.assert_allclose(loss, rest + 2.0 * ramp * of_pseudo_labels, rtol=1e-5)
    assert of_pseudo_labels[:5].min() > 0


def test_running_average_predicts_and_not_the_last_weights():
    estimator = sgan(ema_decay=0.9, max_iter=20).fit(X, Y)
    net, before = estimator.net_, estimator.predict_proba(X)
    for parameter in net.module_.parameters():
        parameter.data.zero_()
    np.testing.assert_array_equal(estimator.predict_proba(X), before)
    for parameter in net.average_.parameters():
        parameter.data.mul_(0.5)
    assert not np.array_equal(estimator.predict_proba(X), before)


@both
def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(make):
    estimator = make().fit(X, Y)
    one_by_one = np.concatenate([estimator.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(estimator.predict_proba(X), one_by_one, atol=1e-5)


@both
@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_rows_of_a_table_are_predicted_in_float64_by_any_name_of_the_cpu(make, device):
    table = X.reshape(len(X), -1)
    estimator = make(device=device).fit(table, Y)
    one_by_one = np.concatenate([estimator.predict_proba(row[None]) for row in table])
    np.testing.assert_allclose(estimator.predict_proba(table), one_by_one, rtol=0, atol=1e-12)


@both
def test_class_weight_moves_predictions_towards_the_heavier_class(make):
    shares = []
    for weight in ({0: 100.0, 1: 1.0}, {0: 1.0, 1: 100.0}):
        estimator = make(class_weight=weight, max_iter=30, augment=None).fit(X, Y)
        shares.append(estimator.predict_proba(X)[:, 0].mean())
    assert shares[0] > shares[1] + 0.1


def test_balanced_weights_find_a_class_that_most_batches_lack():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(0, 1, (990, 4)), rng.normal(1, 1, (10, 4))])
    labels = np.repeat([0, 1], [990, 10])
    test = np.concatenate([rng.normal(0, 1, (500, 4)), rng.normal(1, 1, (500, 4))])
    model = cnn(max_iter=300, class_weight="balanced").fit(features, labels)
    predicted = model.predict(test)
    # by the weights of each batch alone, the rare class is found by half
    assert (predicted[500:] == 1).mean() > 0.7
    assert (predicted[:500] == 0).mean() > 0.6


@both
def test_balanced_weights_are_counted_on_labelled_rows(make):
    y = few_labels()
    y[6:8] = 0  # 5 labels of class 0, 3 of class 1
    counts = np.bincount(y[y >= 0])
    explicit = {k: 8 / (2 * counts[k]) for k in range(2)}
    balanced, same = (make(class_weight=w).fit(X, y) for w in ("balanced", explicit))
    assert same_state(weights(balanced), weights(same))
    assert not same_state(weights(balanced), weights(make().fit(X, y)))


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_class_weights_are_taken_over_their_mean_of_all_labelled_rows(scale):
    def undecided(input_shape, n_classes):
        linear = nn.Linear(64, n_classes)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        return nn.Sequential(nn.Flatten(), linear)

    y = few_labels()
    y[:8] = 0, 0, 0, 0, 0, 0, 1, 1  # a batch has all eight
    class_weight = {0: scale, 1: 9 * scale}
    estimator = cnn(network=undecided, class_weight=class_weight, max_iter=1).fit(X, y)
    assert estimator.history_[0]["labeled_loss"] == pytest.approx(np.log(2), rel=1e-6)


@both
def test_scale_of_class_weights_changes_nothing(make):
    fits = [
        weights(make(class_weight=class_weight).fit(X, Y))
        for class_weight in ({0: 1.0, 1: 3.0}, {0: 8.0, 1: 24.0}, {0: 1.0, 1: 1.0})
    ]
    assert same_state(fits[0], fits[1])
    assert not same_state(fits[0], fits[2])


def test_class_balance_counts_as_nothing_beside_class_weights():
    for class_weight in ("balanced", {0: 1.0, 1: 3.0}, None):
        some, none = (
            weights(sgan(class_weight=class_weight, balance_weight=value).fit(X, Y))
            for value in (5.0, 0.0)
        )
        assert same_state(some, none) == (class_weight is not None)


@both
def test_warm_start_goes_on_and_a_cold_start_begins_anew(make):
    warm = make(warm_start=True).fit(X, Y)
    first = weights(warm)
    warm.fit(X, Y)
    assert warm.n_iter_ == 6
    assert len(warm.history_) == 6
    assert not same_state(first, weights(warm))
    cold = make().fit(X, Y).fit(X, Y)
    assert cold.n_iter_ == 3
    assert same_state(first, weights(cold))


@both
def test_warm_start_refuses_other_classes_and_keeps_what_it_learnt(make):
    warm = make(warm_start=True).fit(X, Y)
    before = weights(warm)
    message = r"goes on with the classes \[0, 1\], but y has \[0, 1, 2\]"
    with pytest.raises(InvalidInputError, match=message):
        warm.fit(X, few_labels(n_classes=3))
    assert same_state(before, weights(warm))


@both
def test_early_stopping_stops_and_restores_the_best_weights(make):
    # noise cannot be learnt: the held-out loss rises while the labels are learnt by heart
    y = few_labels(n_labeled=20)
    estimator = make(
        early_stopping=True,
        validation_fraction=0.4,
        max_iter=400,
        learning_rate=2e-2,
        augment=None,
        ema_decay=0.5,
        warm_start=True,
    ).fit(X, y)
    valid = [record["valid_loss"] for record in estimator.history_]
    assert estimator.n_iter_ < 400
    assert np.argmin(valid) < len(valid) - 1
    _, held_out = hold_out(np.arange(20), y[:20], np.arange(2), 0.4, seed=0)
    log_p = estimator.predict_log_proba(X[held_out])[np.arange(len(held_out)), y[held_out]]
    assert -log_p.mean() == pytest.approx(min(valid), rel=1e-4)
    best = estimator.predict_proba(X)
    # training goes on from there: at a rate at which nothing can be learnt, it stays there
    estimator.set_params(early_stopping=False, learning_rate=1e-12, max_iter=30).fit(X, y)
    np.testing.assert_allclose(estimator.predict_proba(X), best, atol=1e-4)


@both
def test_early_stopping_weighs_the_held_out_rows_as_training_does(make):
    y, weight = few_labels(n_labeled=20), np.array([1.0, 9.0])
    estimator = make(
        early_stopping=True,
        validation_fraction=0.4,
        max_iter=1,
        class_weight={0: weight[0], 1: weight[1]},
    ).fit(X, y)
    _, held_out = hold_out(np.arange(20), y[:20], np.arange(2), 0.4, seed=0)
    of_rows = -estimator.predict_log_proba(X[held_out])[np.arange(len(held_out)), y[held_out]]
    expected = np.average(of_rows, weights=weight[y[held_out]])
    assert estimator.history_[0]["valid_loss"] == pytest.approx(expected, rel=1e-4)


@both
def test_early_stopping_with_too_few_labels_is_an_error_with_the_remedy(make):
    estimator = make(early_stopping=True)
    with pytest.raises(
        InvalidInputError, match=r"hold out 0 of the 4 .*validation_fraction=0.38 is enough"
    ):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "net_")
    estimator.set_params(validation_fraction=0.38).fit(X, Y)
    two_of_a_class = np.where(np.cumsum(Y == 1) > 2, -1, Y)
    with pytest.raises(InvalidInputError, match=r"to train on\. Label more rows, or pass"):
        estimator.fit(X, two_of_a_class)


def test_own_pair_of_networks_is_trained():
    def pair(input_shape, n_classes):
        assert input_shape == (1, 8, 8)
        assert n_classes == 2
        generator = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, input_shape))
        return generator, nn.Sequential(nn.Flatten(), nn.Linear(64, n_classes))

    assert_answers(sgan(network=pair).fit(X, Y), X)
    assert_answers(cnn(network=pair).fit(X, Y), X)
    assert_answers(cnn(network=lambda shape, k: pair(shape, k)[1]).fit(X, Y), X)


def test_history_and_fitted_attributes_say_what_happened():
    estimator = sgan(max_iter=4).fit(X, Y)
    assert [record["step"] for record in estimator.history_] == [1, 2, 3, 4]
    for record in estimator.history_:
        assert 0 <= record["realness_real"] <= 1
        assert 0 <= record["realness_fake"] <= 1
        assert record["feature_distance"] >= 0
        assert record["seconds"] > 0
        assert {"loss", "labeled_loss", "adversarial_loss", "generator_loss"} <= record.keys()
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.n_iter_ == 4
    without = sgan(max_iter=2, adversarial_weight=0).fit(X, Y)
    assert not {"realness_real", "realness_fake", "adversarial_loss"} & without.history_[0].keys()


@both
def test_interrupted_training_warns_and_stays_usable(make):
    def augment(batch, calls=[]):  # noqa: B006 - counts its calls
        calls.append(1)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return batch

    with pytest.warns(TrainingInterruptedWarning, match="interrupted after") as caught:
        estimator = make(augment=augment, max_iter=50).fit(X, Y)
    assert caught[0].filename == __file__  # the warning points at the caller's line
    assert 0 < estimator.n_iter_ < 50
    assert_answers(estimator, X)


def test_interrupt_between_two_records_is_no_callbacks_wish_to_stop(monkeypatch):
    def interrupted(net, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(SemiSupervisedNet, "on_epoch_end", interrupted)
    with pytest.warns(TrainingInterruptedWarning, match="interrupted after 1 steps"):
        sgan(max_iter=50).fit(X, Y)


def test_new_data_of_the_same_kind_are_told_apart():
    # the point of it all: zeros from ones of the digits, with ten labels and in a second or so
    images, true, _ = digits(100)
    rows = np.flatnonzero(true < 2)
    y = np.full(len(rows), -1)
    for k in range(2):
        shown = np.flatnonzero(true[rows] == k)[:5]
        y[shown] = k
    estimator = sgan(max_iter=100, width=8, augment=None).fit(images[rows], y)
    assert estimator.score(images[rows], true[rows]) > 0.95
