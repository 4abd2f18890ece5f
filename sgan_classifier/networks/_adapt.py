"""Let the user's own modules be called like the built-in ones."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..exceptions import InvalidInputError
from ._layers import LocalRandomModule


class _OwnDiscriminator(nn.Module):
    """A user's module that answers with logits, or with (logits, features)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        answer = self.module(x)
        logits, features = answer if isinstance(answer, tuple) else (answer, answer)
        return logits, features.flatten(1)


class _OwnGenerator(nn.Module):
    """A user's module that maps noise (n, latent_dim) to a batch of images or rows."""

    def __init__(self, module: nn.Module, latent_dim: int) -> None:
        super().__init__()
        self.module = module
        self.latent_dim = getattr(module, "latent_dim", latent_dim)

    def sample_latent(self, n: int, rng: torch.Generator) -> Tensor:
        own = getattr(self.module, "sample_latent", None)
        if own is not None:
            return own(n, rng)
        shape = (n, self.latent_dim)
        return torch.randn(shape, generator=rng, device=rng.device, dtype=torch.float32)

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return self.module(z)


def own_copies(modules: Any) -> Any:
    """Copy what a user's function returned, so that each estimator trains modules of its own.

    Parameters
    ----------
    modules : torch.nn.Module or tuple of them

    Raises
    ------
    InvalidInputError
        If a module cannot be copied, or has weights of no size.
    """
    try:
        copies = copy.deepcopy(modules)
    except Exception as error:  # whatever copying them raises
        raise InvalidInputError(
            f"network returned modules that cannot be copied: {error}. Use the parametrizations of "
            "torch.nn.utils, as parametrizations.weight_norm, and not its older functions."
        ) from error
    for module in copies if isinstance(copies, tuple) else (copies,):
        lazy = [name for name, weight in module.named_parameters() if is_lazy(weight)]
        if lazy:
            raise InvalidInputError(
                f"network returned a module whose {lazy[0]} has no size yet. Give its layers their "
                "sizes instead of lazy ones."
            )
    return copies


def adapt_discriminator(module: nn.Module) -> nn.Module:
    """Wrap `module` unless it is a built-in network.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (n, *input_shape) to logits (n, K) or to a tuple (logits, features). Without features,
        the logits serve as features.
    """
    return module if isinstance(module, LocalRandomModule) else _OwnDiscriminator(module)


def adapt_generator(module: nn.Module, latent_dim: int) -> nn.Module:
    """Wrap `module` unless it is a built-in network.

    Parameters
    ----------
    module : torch.nn.Module
        Maps noise (n, latent_dim) to (n, *input_shape) on the scaled data's range. Its attribute
        `latent_dim`, if any, comes before the argument; its method `sample_latent(n, rng)`, if any,
        draws the noise instead of a standard normal law.
    latent_dim : int
    """
    return module if isinstance(module, LocalRandomModule) else _OwnGenerator(module, latent_dim)
