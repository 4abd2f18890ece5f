import math

import pytest
import torch
import torch.nn.functional as F
from tiny import generator_of
from torch import nn

from sgan_classifier.networks._layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Linear,
    SubPixelConv2d,
    dropout,
)


def test_sub_pixel_convolution_lays_out_four_channels_as_a_square():
    layer = SubPixelConv2d(3, 2)
    layer.reset(generator_of())
    x = torch.randn(2, 3, 4, 5, generator=generator_of(1))
    channels = Conv2d.forward(layer, x)
    # torch has the four parts of a channel side by side; here the channels of a part are
    expected = F.pixel_shuffle(channels.unflatten(1, (4, 2)).transpose(1, 2).flatten(1, 2), 2)
    assert torch.equal(layer(x), expected)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("make", [Linear, Conv2d, ConvTranspose2d])
def test_weight_norm_makes_the_scale_the_norm_of_each_output(make):
    layer = make(3, 5) if make is Linear else make(3, 5, 4)
    layer.reset(generator_of())
    dims = [d for d in range(layer.weight.dim()) if d != layer.out_dim]

    def norms():
        return torch.linalg.vector_norm(layer.weight, dim=dims).detach()

    torch.testing.assert_close(norms(), layer.scale.detach().flatten())
    with torch.no_grad():
        layer.direction.mul_(7.0)  # no effect: only the direction counts
    torch.testing.assert_close(norms(), layer.scale.detach().flatten())


@pytest.mark.parametrize(("n_channels", "kernel"), [(1, 3), (1, 4), (3, 3), (3, 4), (8, 3)])
def test_channels_lie_last_with_and_without_a_gradient_of_the_input(n_channels, kernel):
    layer = Conv2d(n_channels, 5, kernel, stride=2, padding=1)
    layer.reset(generator_of())
    x = torch.randn(3, n_channels, 9, 8, generator=generator_of(1))
    expected = F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1)
    for seen in (x, x.clone().requires_grad_()):
        y = layer(seen)
        torch.testing.assert_close(y, expected)
        assert y.permute(0, 2, 3, 1).is_contiguous()


@pytest.mark.parametrize("weight_norm", [True, False])
def test_weights_of_a_convolution_and_their_gradients_lie_as_the_channels_do(weight_norm):
    layer = Conv2d(8, 6, 3, weight_norm=weight_norm)
    layer.reset(torch.Generator().manual_seed(0))
    drawn = torch.empty(6, 8, 3, 3).normal_(generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer.direction, layer.std * drawn)  # whatever the order in memory
    layer(torch.randn(2, 8, 5, 5)).square().sum().backward()
    for tensor in (layer.direction, layer.weight, layer.direction.grad):
        assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_layers_equal_torch_s_own():
    rng = generator_of()
    x = torch.randn(2, 3, 6, 6, generator=rng)
    mine, theirs = Conv2d(3, 5, 3, stride=2, padding=1), nn.Conv2d(3, 5, 3, stride=2, padding=1)
    up, their_up = ConvTranspose2d(3, 5, 4), nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1)
    for layer, other in ((mine, theirs), (up, their_up)):
        layer.reset(rng)
        other.load_state_dict({"weight": layer.weight.detach(), "bias": layer.bias.detach()})
        torch.testing.assert_close(layer(x), other(x))
    norm, their_norm = BatchNorm(3), nn.BatchNorm2d(3)
    norm.reset(rng)
    torch.testing.assert_close(norm(x), their_norm(x))
    torch.testing.assert_close(norm.eval()(x), their_norm.eval()(x))


@pytest.mark.parametrize("rate", [0.2, 0.4, 0.5])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    x = torch.ones(100_003)
    y = dropout(x, rate, generator_of())
    tolerance = 4 * math.sqrt(rate * (1 - rate) / len(x)) + 1 / 512
    assert (y == 0).float().mean().item() == pytest.approx(rate, abs=tolerance)
    assert y.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(dropout(x, rate, None), x)
    assert torch.equal(dropout(x, 0.0, generator_of()), x)
