import pytest
import torch
import torch.nn.functional as F
from tiny import generator_of, same_state, state
from torch import nn

from sgan_classifier import networks
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.losses import adversarial_loss, supervised_loss
from sgan_classifier.networks._crater2021 import class_logits
from sgan_classifier.networks._layers import (
    BatchNorm,
    Linear,
)
from sgan_classifier.networks._strided import n_halvings

SIZES = [
    (1, 8, 8),
    (3, 8, 8),
    (1, 12, 9),
    (1, 28, 28),
    (3, 32, 32),
    (4, 33, 47),
    (1, 64, 64),
    (3, 128, 128),
]
SHAPES = {
    "pooled": [(1, 2, 1), *SIZES],
    "strided": SIZES,
    "crater2021": SIZES,
    "salimans2016_conv": [(1, 28, 28), (3, 32, 32), (3, 33, 47)],
    "salimans2016_mnist": [(1, 28, 28), (784,)],
    "mlp": [(1,), (7,), (500,)],
}


def build(name, shape=None, n_classes=2, seed=0, amplitude=1.0, width=4):
    shape = shape or SHAPES[name][0]
    return networks.build(
        name,
        shape,
        n_classes,
        width=width,
        latent_dim=5,
        amplitude=amplitude,
        rng=generator_of(seed),
    )


def n_weights(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]
)
def test_pair_fits_every_shape(name, shape):
    generator, discriminator = build(name, shape, n_classes=3)
    rng = generator_of()
    fake = generator(generator.sample_latent(2, rng), rng)
    assert fake.shape == (2, *shape)
    logits, features = discriminator(fake, rng)
    assert logits.shape == (2, 3)
    assert features.shape == (2, discriminator.n_features)
    assert torch.isfinite(logits).all()


def test_every_named_network_is_tested_and_image_networks_are_known():
    assert set(SHAPES) == set(networks.NETWORKS)
    assert set(networks.IMAGE_NETWORKS) <= set(networks.NETWORKS)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_weights_come_from_the_given_generator_alone(name):
    before = torch.get_rng_state()
    first, second, other = build(name), build(name), build(name, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    for mine, same, different in zip(first, second, other, strict=True):
        assert same_state(state(mine), state(same))
        assert not same_state(state(mine), state(different))
        assert all(torch.isfinite(value).all() for value in state(mine).values())


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_passes_draw_from_the_given_generator_alone(name):
    generator, discriminator = build(name)
    before = torch.get_rng_state()
    answers = []
    for seed in (0, 0, 1):
        rng = generator_of(seed)
        answers.append(discriminator(generator(generator.sample_latent(3, rng), rng), rng)[0])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[0], answers[2])


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_without_a_generator_of_noise_the_discriminator_is_deterministic(name):
    _, discriminator = build(name)
    x = torch.rand(4, *SHAPES[name][0])
    assert torch.equal(discriminator(x)[0], discriminator(x)[0])


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_discriminator_holds_no_batch_statistics(name):
    # they would tell labelled, unlabelled and generated rows of a batch apart
    _, discriminator = build(name)
    kinds = (BatchNorm, nn.modules.batchnorm._BatchNorm)
    assert not any(isinstance(module, kinds) for module in discriminator.modules())
    x = torch.rand(6, *SHAPES[name][0])
    alone, together = discriminator(x[:1])[0], discriminator(x)[0][:1]
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------ one trunk serves both roles


def assert_unsupervised_loss_reaches_every_weight(discriminator, shape):
    """The adversarial loss alone gives every weight of the classifier a gradient."""
    x = torch.rand(6, *shape, generator=generator_of(3))
    logits, _ = discriminator(x)
    adversarial_loss(logits[:3], logits[3:]).backward()
    for name, parameter in discriminator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


class TwoTrunks(nn.Module):
    """The 2021 study's defect: what judges "real" shares no weight with what classifies."""

    def __init__(self, classifier, judge):
        super().__init__()
        self.classifier, self.judge = classifier, judge

    def forward(self, x):
        return self.judge(x)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_unsupervised_loss_alone_reaches_every_weight_of_the_trunk(name):
    assert_unsupervised_loss_reaches_every_weight(build(name)[1], SHAPES[name][0])


def test_that_check_fails_on_unshared_trunks():
    shape = SHAPES["strided"][0]
    broken = TwoTrunks(build("strided")[1], build("strided", seed=1)[1])
    with pytest.raises(AssertionError):
        assert_unsupervised_loss_reaches_every_weight(broken, shape)


def test_that_check_fails_on_a_detached_trunk():
    class Detached(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            features = self.inner(x)[1].detach()
            return self.inner.head(features), features

    with pytest.raises(AssertionError):
        assert_unsupervised_loss_reaches_every_weight(
            Detached(build("strided")[1]), SHAPES["strided"][0]
        )


# ------------------------------------------------------------------ sizes and ranges


@pytest.mark.parametrize(("side", "halvings"), [(4, 1), (8, 1), (16, 2), (32, 3), (128, 5)])
def test_image_is_halved_down_to_four_pixels(side, halvings):
    assert n_halvings(side, side) == halvings
    assert n_halvings(side, 3 * side) == halvings


@pytest.mark.parametrize(("name", "n_features"), [("strided", 32 * 4 * 4), ("pooled", 16 * 3 * 3)])
def test_head_sees_where_a_feature_is(name, n_features):
    _, discriminator = build(name, (1, 16, 16), width=8)
    x = torch.zeros(2, 1, 16, 16)
    x[0, 0, 2:5, 2:5] = 1.0
    x[1, 0, 10:13, 10:13] = 1.0  # the same spot elsewhere
    logits, features = discriminator(x)
    assert features.shape[1] == n_features  # flattened, not pooled
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


def pooled_as_described(discriminator, x):
    """The layers in the order of their description, on the whole image."""
    for i, convolution in enumerate(discriminator.convolutions):
        x = F.leaky_relu(convolution(x), 0.2)
        if 1 <= i <= discriminator.n_poolings:
            x = F.max_pool2d(x, 2)
    features = x.permute(0, 2, 3, 1).flatten(1)
    return discriminator.head(features), features


@pytest.mark.parametrize("shape", SIZES)
def test_what_pooling_drops_is_not_computed_and_not_missed(shape):
    _, discriminator = build("pooled", shape, width=4)
    x = torch.randn(3, *shape, generator=generator_of(1))
    gradients = []
    for network in (discriminator, lambda x: pooled_as_described(discriminator, x)):
        seen = x.clone().requires_grad_()
        logits, features = network(seen)
        (logits.square().sum() + features.square().sum()).backward()
        gradients.append((logits.detach(), features.detach(), seen.grad))
    for ours, described in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, described)


def test_images_of_32_pixels_are_seen_but_for_two_rows_and_columns():
    _, discriminator = build("pooled", (1, 32, 32), width=4)
    assert discriminator.seen == (30, 30)


@pytest.mark.parametrize("amplitude", [1.0, 3.0, None])
def test_generated_pixels_keep_to_the_amplitude(amplitude):
    generator, _ = build("strided", (1, 16, 16), amplitude=amplitude)
    rng = generator_of()
    pixels = generator(100 * generator.sample_latent(8, rng), rng)
    if amplitude is None:
        assert pixels.abs().max() > 1.5
    else:
        assert 0.9 * amplitude < pixels.abs().max() <= amplitude


def test_crater2021_has_the_weights_of_the_study():
    generator, discriminator = networks.build(
        "crater2021", (1, 32, 32), 2, width=128, latent_dim=100, amplitude=1.0, rng=generator_of()
    )
    assert n_weights(discriminator) == 300_546
    dense, doubling, pixels = 101 * 8192, 128 * 128 * 16 + 128, 128 * 64 + 1
    assert n_weights(generator) == dense + 2 * doubling + pixels


def test_crater_cnn_has_the_weights_of_the_study():
    cnn = networks.build_crater_cnn(1, 2, rng=generator_of())
    convolutions = (9 * 32 + 32) + (9 * 32 * 64 + 64) + (9 * 64 * 64 + 64)
    assert n_weights(cnn) == convolutions + (1024 * 64 + 64) + (64 + 1)  # one logit for two classes
    logits, features = cnn(torch.zeros(2, 1, 48, 20))
    assert logits.shape == (2, 2)
    assert features.shape == (2, 64)
    seven = networks.build_crater_cnn(1, 7, rng=generator_of())
    assert seven(torch.zeros(2, 1, 32, 32))[0].shape == (2, 7)


def test_one_logit_trains_as_binary_cross_entropy():
    outputs = torch.tensor([[-3.0], [0.5], [40.0]], dtype=torch.float64)
    targets = torch.tensor([0, 1, 0])
    loss = supervised_loss(class_logits(outputs), targets)
    expected = F.binary_cross_entropy_with_logits(outputs[:, 0], targets.double())
    torch.testing.assert_close(loss, expected)


def test_initial_weights_keep_the_spread_of_activations():
    layer = Linear(400, 300)
    layer.reset(generator_of())
    x = torch.randn(200, 400, generator=generator_of(1))
    # He et al. 2015: variance 2 / fan_in, so that ReLU outputs keep a mean square of 1
    assert torch.relu(layer(x)).square().mean().item() == pytest.approx(1.0, abs=0.1)


def test_images_too_small_for_a_network_are_refused_by_size():
    kwargs = {"width": 4, "latent_dim": 2, "amplitude": 1.0, "rng": torch.Generator()}
    with pytest.raises(InvalidInputError, match=r"at least 9x9 pixels[.] These images have 8x20"):
        networks.build("salimans2016_conv", (1, 8, 20), 2, **kwargs)
    _, discriminator = networks.build("salimans2016_conv", (1, 9, 9), 2, **kwargs)
    assert discriminator(torch.zeros(2, 1, 9, 9))[0].shape == (2, 2)


@pytest.mark.parametrize("name", ["salimans2016_mnist", "salimans2016_conv"])
def test_data_dependent_initialisation_standardises_the_logits(name):
    shape = SHAPES[name][0]
    _, discriminator = build(name, n_classes=4)
    x = torch.rand(64, *shape, generator=generator_of(5))
    discriminator.initialize_from_data(x)
    logits, _ = discriminator(x)
    torch.testing.assert_close(logits.mean(0), torch.zeros(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(logits.std(0, correction=0), torch.ones(4), atol=1e-2, rtol=0)


def test_built_in_networks_are_not_wrapped():
    generator, discriminator = build("mlp")
    assert networks.adapt_generator(generator, 3) is generator
    assert networks.adapt_discriminator(discriminator) is discriminator
