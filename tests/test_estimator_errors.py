"""Data and options that both estimators refuse, most of them before any training."""

import re

import numpy as np
import pytest
import torch
from tiny import BOTH, both, cnn, few_labels, noise_images, sgan
from torch import nn

from sgan_classifier.callbacks import SampleRecorder
from sgan_classifier.exceptions import DivergenceError, InvalidInputError

X, Y = noise_images(), few_labels()


def broken(index, value, dtype=float):
    rows = X.astype(dtype)
    rows[index] = value
    return rows


SQUARE = noise_images(height=3, width=8, channels=3)  # (3, 8, 3): channels at either end

BAD_DATA = {
    "no label": (X, np.full(24, -1), r"no labelled row.*Label some rows"),
    "one class": (X, np.where(Y == -1, -1, 7), r"1 labelled class \(7\).*Label more rows"),
    "NaN": (broken((3, 4, 5), np.nan), Y, r"contains NaN \(first in row 3.*Impute"),
    "infinity": (broken((3, 4, 5), np.inf), Y, r"contains infinity.*inf in row 3.*Rescale"),
    "text -1": (X, np.where(Y == -1, "-1", "a"), r"string '-1'.*store None"),
    "text": (X, np.where(Y == -1, None, "-1"), r"string '-1'.*store None"),
    "continuous": (X, np.where(Y == -1, -1, Y + 0.5), r"continuous.*Bin the values"),
    "lengths": (X, Y[:-1], r"inconsistent numbers of samples"),
    "ambiguous": (SQUARE, Y, r"\(3, 8, 3\), which could be .*Pass image_shape"),
    "no channels": (noise_images(channels=8), Y, r"channels at neither.*Pass image_shape"),
    "5-d": (X.reshape(24, 2, 2, 4, 4), Y, r"5 dimensions.*Reshape X"),
    "too small": (X[:, :3, :3], Y, r"3 x 3 pixels.*Enlarge or pad"),
    "strings": (X.astype(str), Y, r"dtype"),
}


@both
@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_an_error_that_names_the_value_and_the_remedy(make, case):
    rows, y, message = BAD_DATA[case]
    estimator = make()
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        estimator.fit(rows, y)
    assert not hasattr(estimator, "net_")


def returns(module):
    return lambda input_shape, n_classes: module


LINEAR = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
WIDE = nn.Sequential(nn.Flatten(), nn.Linear(64, 5))
NARROW = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
GENERATOR = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))

BAD_OPTIONS = {
    "network name": ({"network": "resnet"}, r"'network'.*'strided'.*Got 'resnet'"),
    "network for tables": ({"network": "mlp"}, r"network='mlp' needs a feature table.*'auto'"),
    "schedule": ({"learning_rate_schedule": "step"}, r"'learning_rate_schedule'.*Got 'step'"),
    "max_iter": ({"max_iter": 0}, r"'max_iter'.*\[1, inf\).*Got 0"),
    "learning_rate": ({"learning_rate": -1.0}, r"'learning_rate'.*Got -1.0"),
    "augment": ({"augment": ("flip", "zoom")}, r"unknown name 'zoom'; the names are shift"),
    "view None": ({"augment": lambda x: None}, r"into a NoneType. Let it return a tensor"),
    "view array": ({"augment": lambda x: x.numpy()}, r"into a ndarray. Let it return a tensor"),
    "view dtype": ({"augment": lambda x: x.double()}, r"float32 of .*into torch.float64 of"),
    "view rows": ({"augment": lambda x: x[:2]}, r"\(4, 1, 8, 8\) into .*\(2, 1, 8, 8\)"),
    "scaling": ({"scaling": "minmax"}, r"'scaling'.*Got 'minmax'"),
    "precision": ({"precision": "fp8"}, r"'precision'.*'bf16'.*Got 'fp8'"),
    "device": ({"device": "abacus"}, r"device='abacus' cannot be used.*device=\"auto\""),
    "class_weight": ({"class_weight": {5: 1.0}}, r"class 5, which is not among \[0, 1\]"),
    "weights": ({"class_weight": {0: -1.0}}, r"weight -1.0.*finite"),
    "image_shape": ({"image_shape": (7, 7)}, r"image_shape=\(7, 7\). Correct"),
    "optimizer": ({"optimizer_params": {"beta": 1}}, r"optimizer_params=.*'beta'.*Use its own"),
    "betas": ({"optimizer_params": {"betas": (0.9,)}}, r"does not fit torch.optim.AdamW"),
    "differentiable": ({"optimizer_params": {"differentiable": True}}, r"does not fit torch.opt"),
    "module": ({"network": LINEAR}, r"network is a module, Sequential. Pass a function"),
    "wrong logits": (
        {"network": returns((GENERATOR, WIDE))},
        r"logits of shape \(2, 5\); for 2 classes",
    ),
    "wrong input": ({"network": returns((GENERATOR, NARROW))}, r"cannot process a batch of shape"),
    "no module": ({"network": returns("LINEAR")}, r"returned str; a callable network must"),
}
BAD_OPTIONS_OF_SGAN = {
    "wrong images": (
        {"network": returns((nn.Linear(4, 64), LINEAR))},
        r"generator makes a batch of shape \(2, 64\).*must be \(2, 1, 8, 8\)",
    ),
    "no pair": ({"network": returns(LINEAR)}, r"must return a tuple \(generator, discriminator\)"),
    "fake_ratio": ({"fake_ratio": (1.0, 2.0, 3.0)}, r"fake_ratio=\(1.0, 2.0, 3.0\) is neither"),
    "infinite": ({"fake_ratio": (np.inf, 1.0)}, r"fake_ratio=\(inf, 1.0\) is neither.*finite"),
    "generator_loss": ({"generator_loss": "hinge"}, r"'generator_loss'.*Got 'hinge'"),
    "weight": ({"adversarial_weight": -0.1}, r"'adversarial_weight'.*Got -0.1"),
}


def assert_refused(estimator, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "net_")
    assert not hasattr(estimator, "classes_")


@both
@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_unusable_option_is_an_error_that_names_the_value_and_the_choices(make, case):
    params, message = BAD_OPTIONS[case]
    assert_refused(make(**params), message)


@pytest.mark.parametrize("case", BAD_OPTIONS_OF_SGAN)
def test_unusable_option_of_the_sgan_is_an_error(case):
    params, message = BAD_OPTIONS_OF_SGAN[case]
    assert_refused(sgan(**params), message)


@pytest.mark.parametrize("network", ["pooled", "strided", "crater2021", "salimans2016_conv"])
@both
def test_image_networks_refuse_tables(make, network):
    estimator = make(network=network)
    with pytest.raises(InvalidInputError, match=rf"'{network}' needs images.*image_shape"):
        estimator.fit(X.reshape(24, -1), Y)
    assert not hasattr(estimator, "net_")


@both
@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_other_shapes_at_predict_are_errors_that_name_both(make, method):
    estimator = make().fit(X, Y)
    for rows in (X[:, :7], X[0], X.reshape(24, -1), X[:, None, None]):
        with pytest.raises(ValueError, match=re.escape(f"{rows.shape}") + r".*\(8, 8\)"):
            getattr(estimator, method)(rows)
    with pytest.raises(ValueError, match="NaN"):
        getattr(estimator, method)(broken((0, 0, 0), np.nan))


def test_pool_of_another_shape_or_scale_is_an_error():
    labeled = Y != -1
    with pytest.raises(InvalidInputError, match=r"X_unlabeled has shape \(24, 7, 8\)"):
        sgan().fit(X[labeled], Y[labeled], X_unlabeled=X[:, :7])
    with pytest.raises(InvalidInputError, match=r"uint8 and float64.*Convert"):
        sgan().fit(X[labeled], Y[labeled], X_unlabeled=X / 255.0)


def test_without_adversarial_weight_no_generator_is_trained_and_sample_says_so():
    estimator = sgan(adversarial_weight=0.0).fit(X, Y)
    with pytest.raises(InvalidInputError, match=r"adversarial_weight=0.*real"):
        estimator.realness(X)
    assert "generator_loss" not in estimator.history_[-1]
    assert np.isfinite(estimator.predict_proba(X)).all()
    with pytest.raises(InvalidInputError, match=r"adversarial_weight=0.*above 0"):
        estimator.sample()


def test_sample_needs_a_positive_number():
    estimator = sgan().fit(X, Y)
    for n_samples in (0, -3, 2.5):
        with pytest.raises(InvalidInputError, match=f"n_samples={n_samples}"):
            estimator.sample(n_samples)


def test_loss_that_is_not_finite_is_an_error_and_never_swallowed():
    def bad_view(batch):
        return batch * torch.tensor(float("nan"))

    for make in BOTH:
        with pytest.raises(DivergenceError, match=r"loss became.*at step 1\..*Lower learning_rat"):
            make(augment=bad_view).fit(X, Y)


@both
@pytest.mark.parametrize(
    ("X", "y", "params"),
    [
        (noise_images(height=16, width=16), np.full(24, -1), {}),
        (noise_images(height=16, width=16), few_labels(), {"callbacks": ["no callback"]}),
        (noise_images(height=16, width=16), few_labels(), {"device": "meta"}),
        (noise_images(height=16, width=16), few_labels(), {"optimizer_params": {"betas": (2, 3)}}),
        (noise_images(), few_labels(n_classes=3), {"callbacks": [SampleRecorder(steps=5)]}),
        (noise_images(), few_labels(n_classes=3), {"augment": ("wrong",)}),
    ],
)
def test_a_fit_that_is_refused_leaves_the_last_one_as_it_was(make, X, y, params):
    images = noise_images()
    estimator = make().fit(images, few_labels())
    before = estimator.predict_proba(images)
    with pytest.raises(InvalidInputError):
        estimator.set_params(**params).fit(X, y)
    np.testing.assert_array_equal(estimator.predict_proba(images), before)
    assert estimator.n_features_in_ == 64


def test_a_partial_fit_that_is_refused_counts_no_labels():
    images, y = noise_images(), few_labels()
    estimator = cnn().fit(images, y).set_params(optimizer_params={"betas": (2, 3)})
    with pytest.raises(InvalidInputError, match="betas"):
        estimator.partial_fit(images, y)
    assert estimator.net_.label_counts_.tolist() == [4, 4]
    assert estimator.set_params(optimizer_params=None).partial_fit(images, y).n_iter_ > 3


def test_a_class_prior_of_another_length_leaves_the_last_fit_as_it_was():
    images, y = noise_images(), few_labels()
    estimator = sgan().fit(images, y).set_params(class_prior=[0.2, 0.3, 0.5])
    for train in (estimator.fit, estimator.partial_fit):
        with pytest.raises(InvalidInputError, match="class_prior"):
            train(images, y)
    assert estimator.net_.label_counts_.sum() == 8
    assert np.isfinite(estimator.predict_proba(images)).all()
