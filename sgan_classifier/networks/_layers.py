"""Building blocks of the named networks.

Every layer that draws random numbers draws them from the `torch.Generator` handed to `forward`,
never from torch's global one, so that fits in several threads cannot disturb each other.
"""

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._convolution import convolve

LEAK = 0.2  # slope of the leaky ReLU below zero, as in the reference code of Salimans et al. 2016


class LocalRandomModule(nn.Module):
    """Base of the built-in networks: random only through the generator passed to `forward`.

    Its weights are drawn by `initialize(rng)`, which calls `reset(rng)` of every layer that has
    one. The constructor draws some too, from torch's global generator, as any module of torch's
    does; `networks.build` has it draw none.
    """

    def initialize(self, rng: torch.Generator) -> None:
        """Draw all weights from `rng`."""
        for module in self.modules():
            reset = getattr(module, "reset", None)
            if reset is not None:
                reset(rng)


class LocalRandomGenerator(LocalRandomModule):
    """Base of the built-in generators: `latent_dim` variables of noise, standard normal."""

    latent_dim: int
    noise = staticmethod(torch.randn)

    def sample_latent(self, n: int, rng: torch.Generator) -> Tensor:
        """Draw noise of shape (n, latent_dim) from `rng`."""
        shape = (n, self.latent_dim)
        return self.noise(shape, generator=rng, device=rng.device, dtype=torch.float32)


class _Affine(nn.Module):
    """A linear map or convolution whose weight is scale * direction / ||direction||, or plain.

    Weight normalisation (Salimans and Kingma 2016) stands in for batch normalisation in the
    discriminator, where batch statistics would tell labelled, unlabelled and generated images
    apart. With `weight_norm=False` there is no `scale`, and `direction` is the weight itself.

    Parameters
    ----------
    weight_shape : tuple of int
    fan_in : int
        Number of inputs a unit sums; sets the spread of the initial weights.
    n_outputs : int
    out_dim : int, default=0
        Axis of the weight that runs over the outputs.
    gain : float, default=sqrt(2)
        Initial standard deviation of the weights is gain / sqrt(fan_in) (He et al. 2015).
    weight_norm : bool, default=True
    """

    def __init__(
        self,
        weight_shape: tuple[int, ...],
        fan_in: int,
        n_outputs: int,
        *,
        out_dim: int = 0,
        gain: float = math.sqrt(2.0),
        weight_norm: bool = True,
    ) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.empty(weight_shape, dtype=torch.float32))
        self.bias = nn.Parameter(torch.empty(n_outputs, dtype=torch.float32))
        scale_shape = [1] * len(weight_shape)
        scale_shape[out_dim] = n_outputs
        self.scale = (
            nn.Parameter(torch.empty(scale_shape, dtype=torch.float32)) if weight_norm else None
        )
        self.std = gain / math.sqrt(fan_in)
        self.out_dim = out_dim
        self.reset(None)

    def reset(self, rng: torch.Generator | None) -> None:
        """Draw the weights from `rng`; from torch's global generator if it is None."""
        with torch.no_grad():
            # drawn in the order of the axes, whatever the order in memory
            drawn = torch.empty_like(self.direction, memory_format=torch.contiguous_format)
            self.direction.copy_(drawn.normal_(0.0, self.std, generator=rng))
            self.bias.zero_()
            if self.scale is not None:
                self.scale.copy_(self._norm())

    def _norm(self) -> Tensor:
        dims = [d for d in range(self.direction.dim()) if d != self.out_dim]
        return torch.linalg.vector_norm(self.direction, dim=dims, keepdim=True)

    @property
    def weight(self) -> Tensor:
        if self.scale is None:
            return self.direction
        return torch._weight_norm(self.direction, self.scale, self.out_dim)

    def rescale_outputs(self, mean: Tensor, std: Tensor) -> None:
        """Make outputs of the given mean and deviation, each (n_outputs,), standard ones."""
        shape = [1] * self.direction.dim()
        shape[self.out_dim] = -1
        with torch.no_grad():
            inverse = 1.0 / (std + 1e-10)
            target = self.direction if self.scale is None else self.scale
            target.mul_(inverse.view(shape))
            self.bias.sub_(mean).mul_(inverse)


class Linear(_Affine):
    """Fully connected layer, (n, n_in) to (n, n_out)."""

    def __init__(self, n_in: int, n_out: int, **kwargs: Any) -> None:
        super().__init__((n_out, n_in), n_in, n_out, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class Conv2d(_Affine):
    """Convolution, (n, n_in, h, w) to (n, n_out, h', w'); see `convolve`.

    The weights lie in memory as the channels do on a CPU, or torch would bring them and their
    gradients into that order in every pass.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__((n_out, n_in, kernel, kernel), n_in * kernel**2, n_out, **kwargs)
        self.direction.data = self.direction.data.contiguous(memory_format=torch.channels_last)
        self.stride, self.padding = stride, padding

    @property
    def weight(self) -> Tensor:
        if self.scale is None:
            return self.direction
        channels_last = self.direction.permute(0, 2, 3, 1)  # whose order in memory is its own
        return torch._weight_norm(channels_last, self.scale, 0).permute(0, 3, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return convolve(x, self.weight, self.bias, self.stride, self.padding)


def flatten(x: Tensor) -> Tensor:
    """Flatten (n, c, h, w) to (n, h*w*c): without a copy where the channels are last in memory."""
    return x.permute(0, 2, 3, 1).flatten(1)


def unflatten(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Turn (n, h*w*c) into (n, c, h, w) for shape (c, h, w): the inverse of `flatten`."""
    n_channels, height, width = shape
    return x.unflatten(1, (height, width, n_channels)).permute(0, 3, 1, 2)


class ConvTranspose2d(_Affine):
    """Transposed convolution with stride 2 that doubles height and width (kernel 4 or 5)."""

    def __init__(self, n_in: int, n_out: int, kernel: int = 4, **kwargs: Any) -> None:
        fan_in = n_in * kernel**2 // 4
        super().__init__((n_in, n_out, kernel, kernel), fan_in, n_out, out_dim=1, **kwargs)
        self.padding = (kernel - 1) // 2
        self.output_padding = kernel % 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.weight, self.bias, 2, self.padding, self.output_padding)


class SubPixelConv2d(Conv2d):
    """Convolution 3x3 that doubles height and width: four channels become 2x2 pixels of one.

    Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", CVPR 2016. (n, n_in, h, w) to (n, n_out, 2h, 2w), with the
    channels last in memory, which `torch.nn.functional.pixel_shuffle` does not keep.
    """

    def __init__(self, n_in: int, n_out: int, **kwargs: Any) -> None:
        super().__init__(n_in, 4 * n_out, 3, padding=1, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x).permute(0, 2, 3, 1).unflatten(3, (2, 2, -1))  # (n, h, w, 2, 2, c)
        return x.transpose(2, 3).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the channels; for generators only."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        empty = partial(torch.empty, n_channels, dtype=torch.float32)
        self.weight, self.bias = nn.Parameter(empty()), nn.Parameter(empty())
        self.register_buffer("running_mean", empty())
        self.register_buffer("running_var", empty())
        self.momentum = momentum
        self.reset(None)

    def reset(self, rng: torch.Generator | None) -> None:
        with torch.no_grad():
            self.weight.fill_(1.0)
            self.bias.zero_()
            self.running_mean.zero_()
            self.running_var.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        # a batch of one row of a table has no variance: fall back on the running statistics
        training = self.training and x.numel() > x.shape[1]
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training, self.momentum
        )


def dropout(x: Tensor, rate: float, rng: torch.Generator | None) -> Tensor:
    """Drop units with probability `rate`, rounded to 1/256, drawing one byte a unit.

    A byte instead of torch's float a unit makes the draw several times cheaper. The kept units are
    divided by the probability of being kept, as rounded.

    Parameters
    ----------
    x : Tensor of any shape
    rate : float in [0, 1)
    rng : torch.Generator or None
        None returns `x` unchanged, as in prediction.
    """
    dropped = round(rate * 256)
    if rng is None or dropped == 0:
        return x
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device)
    words.random_(-(2**63), None, generator=rng)
    keep = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
    return x * keep.to(x.dtype).mul_(256.0 / (256.0 - dropped))


def leaky_relu(x: Tensor) -> Tensor:
    """Apply the leaky ReLU to what a layer returned, in its place: nothing else reads it.

    Not where the layer returned a view: of a change through one, the gradient is slow.
    """
    return F.leaky_relu(x, LEAK, inplace=not x._is_view())


def gaussian_noise(x: Tensor, std: float, rng: torch.Generator | None) -> Tensor:
    """Add normal noise of standard deviation `std`; nothing when `rng` is None (prediction)."""
    if rng is None or std == 0.0:
        return x
    return x + std * torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)
