"""Networks: PyTorch modules only, no scikit-learn.

A *discriminator* maps a batch to (logits, features): logits (n, K), one a class, and features
(n, d), the trunk's last layer. A *generator* maps latent noise (n, latent_dim) to a batch. The
named pairs below are built without drawing from torch's global generator.
"""

from collections.abc import Callable

import torch
from torch import nn

from . import _crater2021, _mlp, _pooled, _salimans2016, _strided
from ._adapt import adapt_discriminator, adapt_generator, own_copies
from ._crater2021 import CraterCNN, CraterDiscriminator, CraterGenerator
from ._layers import LocalRandomModule
from ._mlp import MLPDiscriminator, MLPGenerator
from ._pooled import PooledDiscriminator
from ._salimans2016 import (
    SalimansConvDiscriminator,
    SalimansConvGenerator,
    SalimansMLPDiscriminator,
    SalimansMLPGenerator,
)
from ._strided import StridedDiscriminator, StridedGenerator

__all__ = [
    "IMAGE_NETWORKS",
    "NETWORKS",
    "CraterCNN",
    "CraterDiscriminator",
    "CraterGenerator",
    "LocalRandomModule",
    "MLPDiscriminator",
    "MLPGenerator",
    "PooledDiscriminator",
    "SalimansConvDiscriminator",
    "SalimansConvGenerator",
    "SalimansMLPDiscriminator",
    "SalimansMLPGenerator",
    "StridedDiscriminator",
    "StridedGenerator",
    "adapt_discriminator",
    "adapt_generator",
    "build",
    "build_crater_cnn",
    "own_copies",
]

#: name -> builder of (generator, discriminator)
NETWORKS: dict[str, Callable[..., tuple[nn.Module, nn.Module]]] = {
    "pooled": _pooled.build,
    "strided": _strided.build,
    "mlp": _mlp.build,
    "crater2021": _crater2021.build,
    "salimans2016_mnist": _salimans2016.build_mnist,
    "salimans2016_conv": _salimans2016.build_conv,
}

#: names that need (channels, height, width) inputs
IMAGE_NETWORKS = ("pooled", "strided", "crater2021", "salimans2016_conv")


def build(
    name: str,
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    width: int,
    latent_dim: int,
    amplitude: float | None,
    rng: torch.Generator,
) -> tuple[nn.Module, nn.Module]:
    """Build a named pair and draw its weights.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    input_shape : tuple of int
        (channels, height, width) or (n_features,).
    n_classes, width, latent_dim : int
    amplitude : float or None
        Scaled pixels lie in [-amplitude, amplitude]; None where they are unbounded.
    rng : torch.Generator
        Source of the weights; the discriminator's are drawn first, so that they are the same with
        and without a generator. The networks are made on its device.

    Returns
    -------
    generator, discriminator : LocalRandomModule

    Examples
    --------
    >>> import torch
    >>> from sgan_classifier import networks
    >>> rng = torch.Generator().manual_seed(0)
    >>> generator, discriminator = networks.build(
    ...     "strided", (1, 32, 32), 2, width=8, latent_dim=10, amplitude=1.0, rng=rng)
    >>> logits, features = discriminator(generator(generator.sample_latent(3, rng)))
    >>> logits.shape, features.shape
    (torch.Size([3, 2]), torch.Size([3, 512]))
    """
    with torch.device("meta"):  # no memory, and no draw from the global generator
        pair = NETWORKS[name](
            input_shape, n_classes, width=width, latent_dim=latent_dim, amplitude=amplitude
        )
    for network in reversed(pair):
        _draw_weights(network, rng)
    return pair


def build_crater_cnn(n_channels: int, n_classes: int, *, rng: torch.Generator) -> CraterCNN:
    """Build the supervised baseline of the lunar crater study and draw its weights."""
    with torch.device("meta"):
        network = CraterCNN(n_channels, n_classes)
    _draw_weights(network, rng)
    return network


def _draw_weights(network: nn.Module, rng: torch.Generator) -> None:
    network.to_empty(device=rng.device)
    assert isinstance(network, LocalRandomModule)
    network.initialize(rng)
