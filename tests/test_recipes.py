"""The recipes are those of their sources: layers, weight counts, rates, betas, batch mix."""

import itertools

import numpy as np
import pytest
import torch
from tiny import noise_images, sgan

from sgan_classifier import CNNClassifier, SGANClassifier, _network_checks, networks, recipes
from sgan_classifier._engine import SCHEDULES
from sgan_classifier.networks._layers import BatchNorm, Conv2d, ConvTranspose2d, Linear

SHAPES = {
    "SALIMANS_2016_MNIST": (28, 28),
    "SALIMANS_2016_CONV": (32, 32, 3),
    "CRATERS_2021": (32, 32),
}
CLASSES = {"SALIMANS_2016_MNIST": 10, "SALIMANS_2016_CONV": 10, "CRATERS_2021": 2}


@pytest.fixture(scope="module")
def fitted():
    """Each recipe after a single step."""
    answer = {}
    for name, shape in SHAPES.items():
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (30, *shape), dtype=np.uint8)
        y = np.full(30, -1)
        y[: CLASSES[name]] = np.arange(CLASSES[name])
        params = {**getattr(recipes, name), "max_iter": 1, "precision": "fp32", "random_state": 0}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_network_checks, "DATA_INIT_BATCH", 20)  # 500 in earnest
            answer[name] = SGANClassifier(**params).fit(images, y)
    return answer


def n_weights(module):
    return sum(p.numel() for p in module.parameters())


def layers(module, kind):
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def outputs(module, kind):
    return [len(layer.bias) for layer in layers(module, kind)]


def kernels(module, kind):
    return [layer.direction.shape[-1] for layer in layers(module, kind)]


@pytest.mark.parametrize("name", recipes.__all__)
def test_recipe_is_a_plain_dictionary_of_parameters(name):
    recipe = getattr(recipes, name)
    assert type(recipe) is dict
    assert set(recipe) <= set(SGANClassifier().get_params())
    plain = (str, int, float, tuple, dict, type(None))
    assert all(isinstance(value, plain) for value in recipe.values())
    assert SGANClassifier(**recipe).get_params().items() >= recipe.items()


@pytest.mark.parametrize("name", recipes.__all__)
def test_recipe_trains_predicts_and_samples(fitted, name):
    estimator = fitted[name]
    samples = estimator.sample(2, random_state=0)
    assert samples.shape == (2, *SHAPES[name])
    assert samples.dtype == np.uint8
    assert np.isfinite(estimator.predict_proba(samples)).all()


@pytest.mark.parametrize("name", recipes.__all__)
def test_recipe_uses_nothing_that_its_source_had_not(fitted, name):
    recipe = getattr(recipes, name)
    assert recipe["pseudo_label_weight"] == recipe["balance_weight"] == 0.0
    assert recipe["entropy_weight"] == 0.0
    assert recipe["adversarial_weight"] == 1.0
    assert recipe["augment"] is None
    record = fitted[name].history_[-1]
    assert not {"pseudo_label_loss", "class_balance", "entropy"} & record.keys()


@pytest.mark.parametrize(
    ("name", "rate"),
    [("SALIMANS_2016_MNIST", 3e-3), ("SALIMANS_2016_CONV", 3e-4), ("CRATERS_2021", 1e-4)],
)
def test_both_optimisers_are_adam_of_the_source_s_rate_and_betas(fitted, name, rate):
    net = fitted[name].net_
    for optimizer in (net.optimizer_, net.generator_optimizer_):
        (group,) = optimizer.param_groups
        assert group["lr"] == rate
        assert group["betas"] == (0.5, 0.999)
        assert group["weight_decay"] == 0.0  # AdamW without decay is Adam


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("SALIMANS_2016_MNIST", (100, 100, (100, 100))),
        ("SALIMANS_2016_CONV", (100, 100, (100, 100))),
        # batches of 10: half labelled, half unlabelled, half generated; a whole batch for G
        ("CRATERS_2021", (5, 5, (5, 10))),
    ],
)
def test_batch_mix_is_the_source_s(fitted, name, sizes):
    settings = fitted[name].net_.settings
    assert (
        settings.batch_size,
        settings.unlabeled_batch_size,
        settings.fake_batch_sizes,
    ) == sizes


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("SALIMANS_2016_MNIST", "feature_matching_squared"),
        ("SALIMANS_2016_CONV", "feature_matching"),
        ("CRATERS_2021", "non_saturating"),
    ],
)
def test_generator_loss_is_the_source_s(fitted, name, loss):
    assert fitted[name].net_.settings.generator_loss == loss


@pytest.mark.parametrize(
    ("name", "span"),
    [("SALIMANS_2016_MNIST", (0, 1)), ("SALIMANS_2016_CONV", (-1, 1)), ("CRATERS_2021", (-1, 1))],
)
def test_pixels_are_scaled_as_in_the_source(fitted, name, span):
    scaler = fitted[name].net_.scaler
    ends = scaler.transform(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1))
    assert ends.flatten().tolist() == pytest.approx(span)


def test_salimans_schedules():
    conv = SCHEDULES[recipes.SALIMANS_2016_CONV["learning_rate_schedule"]]
    # min(3 - e / 300, 1) over 900 epochs
    for epoch in (0, 300, 599, 600, 750, 899):
        assert conv(epoch / 900) == pytest.approx(min(3 - epoch / 300, 1))
    assert recipes.SALIMANS_2016_MNIST["learning_rate_schedule"] == "constant"
    assert recipes.CRATERS_2021["learning_rate_schedule"] == "constant"
    assert recipes.SALIMANS_2016_MNIST["ema_decay"] == 0.9999
    assert recipes.SALIMANS_2016_CONV["ema_decay"] == 0.9999
    assert recipes.CRATERS_2021["ema_decay"] == 0.0


@pytest.mark.parametrize(
    ("name", "epochs", "steps"),
    [("SALIMANS_2016_MNIST", 300, 600), ("SALIMANS_2016_CONV", 900, 732)],
)
def test_budget_is_the_source_s(name, epochs, steps):
    assert getattr(recipes, name)["max_iter"] == epochs * steps


@pytest.mark.parametrize(
    ("name", "is_uniform"),
    [("SALIMANS_2016_MNIST", True), ("SALIMANS_2016_CONV", True), ("CRATERS_2021", False)],
)
def test_latent_law_is_the_source_s(fitted, name, is_uniform):
    generator = fitted[name].net_.generator_
    z = generator.sample_latent(50, torch.Generator().manual_seed(0))
    assert z.shape == (50, 100)
    assert bool((z >= 0).all() and (z <= 1).all()) == is_uniform
    assert z.mean().item() == pytest.approx(0.5 if is_uniform else 0.0, abs=0.05)


# ------------------------------------------------------------------ layers


def test_craters_2021_networks_are_the_study_s(fitted):
    net = fitted["CRATERS_2021"].net_
    d, g = net.module_, net.generator_
    assert n_weights(d) == 300_546
    assert outputs(d, Conv2d) == [128, 128, 128]
    assert [(c.direction.shape[-1], c.stride) for c in layers(d, Conv2d)] == [(3, 2)] * 3
    assert outputs(d, Linear) == [2]
    assert outputs(g, Linear) == [8 * 8 * 128]
    assert outputs(g, ConvTranspose2d) == [128, 128]
    assert kernels(g, ConvTranspose2d) == [4, 4]
    assert (outputs(g, Conv2d), kernels(g, Conv2d)) == ([1], [8])
    assert not layers(d, BatchNorm) + layers(g, BatchNorm)
    assert n_weights(g) == 101 * 8192 + 2 * (128 * 128 * 16 + 128) + 128 * 64 + 1


def test_salimans_2016_mnist_networks_are_the_source_s(fitted):
    net = fitted["SALIMANS_2016_MNIST"].net_
    d, g = net.module_, net.generator_
    assert outputs(d, Linear) == [1000, 500, 250, 250, 250, 10]
    assert all(layer.scale is not None for layer in layers(d, Linear))  # weight norm
    assert outputs(g, Linear) == [500, 500, 784]
    assert [layer.scale is not None for layer in layers(g, Linear)] == [False, False, True]
    assert [len(norm.bias) for norm in layers(g, BatchNorm)] == [500, 500]
    sizes = [784, 1000, 500, 250, 250, 250, 10]
    expected = sum((a + 2) * b for a, b in itertools.pairwise(sizes))
    assert n_weights(d) == expected


def test_salimans_2016_conv_networks_are_the_source_s(fitted):
    net = fitted["SALIMANS_2016_CONV"].net_
    d, g = net.module_, net.generator_
    assert outputs(d, Conv2d) == [64] * 3 + [128] * 6
    assert kernels(d, Conv2d) == [3] * 7 + [1] * 2
    assert [c.stride for c in layers(d, Conv2d)] == [1, 1, 2, 1, 1, 2, 1, 1, 1]
    assert [c.padding for c in layers(d, Conv2d)] == [1] * 6 + [0] * 3
    assert outputs(d, Linear) == [10]
    assert all(layer.scale is not None for layer in layers(d, Conv2d | Linear))
    assert not layers(d, BatchNorm)
    assert outputs(g, Linear) == [4 * 4 * 512]
    assert outputs(g, ConvTranspose2d) == [256, 128, 3]
    assert kernels(g, ConvTranspose2d) == [5, 5, 5]
    assert [len(norm.bias) for norm in layers(g, BatchNorm)] == [512, 256, 128]


def test_wider_conv_is_that_of_cifar10():
    _, d = networks.build(
        recipes.SALIMANS_2016_CONV["network"],
        (3, 32, 32),
        10,
        width=96,
        latent_dim=100,
        amplitude=1.0,
        rng=torch.Generator(),
    )
    assert outputs(d, Conv2d) == [96] * 3 + [192] * 6


def test_craters_2021_repairs_the_study_s_defects(fitted):
    # one trunk for both roles; fewer labels than half a batch; no overflow of a sum of exponentials
    images = noise_images(20, 32, 32)
    y = np.array(["crater", "plain"] + [None] * 18, dtype=object)
    estimator = sgan(**{**recipes.CRATERS_2021, "max_iter": 2}).fit(images, y)
    assert list(estimator.classes_) == ["crater", "plain"]  # sorted, not as the folder lists them
    for parameter in estimator.net_.module_.head.parameters():
        parameter.data.mul_(1e6)
    estimator.net_.average_.load_state_dict(estimator.net_.module_.state_dict())
    assert np.isfinite(estimator.realness(images)).all()
    assert np.isfinite(estimator.predict_proba(images)).all()


def test_craters_2021_resizes_other_images():
    images = noise_images(12, 20, 44)
    y = np.array([0, 1] + [-1] * 10)
    estimator = sgan(**{**recipes.CRATERS_2021, "max_iter": 1}).fit(images, y)
    assert estimator.sample(1).shape == (1, 20, 44)


def test_crater_baseline_is_the_study_s_to_the_layer():
    images = noise_images(12, 32, 32)
    y = np.array([0, 1] + [-1] * 10)
    cnn = CNNClassifier(network="crater2021", max_iter=1, precision="fp32").fit(images, y)
    module = cnn.net_.module_
    assert outputs(module, Conv2d) == [32, 64, 64]
    assert [(c.direction.shape[-1], c.stride, c.padding) for c in layers(module, Conv2d)] == [
        (3, 1, 0)
    ] * 3
    assert [tuple(layer.direction.shape) for layer in layers(module, Linear)] == [
        (64, 1024),
        (1, 64),  # one logit for two classes
    ]
    assert cnn.transform(images).shape == (12, 64)
    # more classes, other sizes
    other = CNNClassifier(network="crater2021", max_iter=1, precision="fp32")
    other.fit(noise_images(12, 50, 40, channels=3), np.array([0, 1, 2] + [-1] * 9))
    assert outputs(other.net_.module_, Linear) == [64, 3]
