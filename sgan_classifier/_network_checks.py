"""What is done with both networks before they are trained: tried, initialised, compiled."""

import copy
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import networks
from ._device import exact_kernels
from ._forward import generate
from ._step import TrainingData
from .exceptions import CompileFallbackWarning, InvalidInputError

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

DATA_INIT_BATCH = 500  # images for data-dependent initialisation (Salimans et al. 2016)


def check_networks(net: "SemiSupervisedNet", data: TrainingData) -> None:
    """Try both networks on two rows before anything is trained, and note the width of the features.

    Raises
    ------
    InvalidInputError
        If an output does not have the shape it must have.
    """
    rows = data.labeled if len(data.labeled) or data.pool is None else data.pool
    x = net.scaler.transform(net.to_device(rows.take(np.array([0, 0]))))
    try:
        with torch.inference_mode():
            logits, features = net.average_(x)
            fake = generate(net, 2, net.streams.noise) if net.has_generator else x
    except Exception as error:
        raise InvalidInputError(
            f"The network cannot process a batch of shape {tuple(x.shape)}: {error}. Build it "
            "for the input_shape and n_classes that it is called with."
        ) from error
    if tuple(logits.shape) != (2, net.n_classes):
        raise InvalidInputError(
            f"The discriminator answers a batch of 2 rows with logits of shape "
            f"{tuple(logits.shape)}; for {net.n_classes} classes it must be "
            f"(2, {net.n_classes})."
        )
    if fake.shape != x.shape:
        raise InvalidInputError(
            f"The generator makes a batch of shape {tuple(fake.shape)} for 2 rows of "
            f"{tuple(x.shape[1:])}; it must be {tuple(x.shape)}."
        )
    net.n_features = features.shape[1]
    if not isinstance(net.module_, networks.LocalRandomModule):
        _try_in_training(net, x)
    if callable(net.settings.augment):
        _try_augment(net.settings.augment, torch.cat([x, x]))


def initialize_from_data(net: "SemiSupervisedNet", data: TrainingData) -> None:
    """Let a discriminator set its weights by a first batch, if it is one that does."""
    if not hasattr(net.module_, "initialize_from_data"):
        return
    rows = data.labeled if data.pool is None else data.pool
    first = net.streams.pool_index.integers(len(rows), size=DATA_INIT_BATCH)
    x = net.scaler.transform(net.to_device(rows.take(first)))
    with exact_kernels(x.device):
        net.module_.initialize_from_data(x)
    net.average_.load_state_dict(net.module_.state_dict())


def _try_in_training(net: "SemiSupervisedNet", x: Tensor) -> None:
    """Try a user's networks as training calls them; on copies, as that may change their buffers."""
    discriminator = copy.deepcopy(net.module_).train()
    try:
        with net.autocast():
            logits, features = discriminator(x)
            if net.has_generator and net.settings.adversarial_weight > 0:
                generator = copy.deepcopy(net.generator_).train()
                rng = torch.Generator(net.device).manual_seed(0)
                generator(generator.sample_latent(min(net.settings.fake_batch_sizes), rng))
    except Exception as error:
        raise InvalidInputError(
            f"The network cannot be trained: in training mode, it raises {error!r}. Let it answer "
            "in train() as in eval(); batch normalisation needs a larger batch_size or fake_ratio."
        ) from error
    if not logits.requires_grad or not features.is_floating_point():
        what = "logits without a gradient" if not logits.requires_grad else f"{features.dtype}"
        raise InvalidInputError(
            f"The discriminator cannot be trained: it answers with {what}. Compute logits and "
            "features from its parameters, in floating point."
        )


def _try_augment(augment: Callable[[Tensor], Tensor], x: Tensor) -> None:
    view = augment(x)
    if not isinstance(view, Tensor):
        seen = f"a {type(view).__name__}"
    elif view.shape != x.shape or view.dtype != x.dtype:
        seen = f"{view.dtype} of shape {tuple(view.shape)}"
    else:
        return
    raise InvalidInputError(
        f"augment turns a batch of {x.dtype} of shape {tuple(x.shape)} into {seen}. Let it return "
        "a tensor of the shape and dtype that it is given."
    )


def compile_networks(net: "SemiSupervisedNet") -> None:
    """Compile both networks, or warn and go on without where that is not possible."""
    pair = [net.module_] + ([net.generator_] if net.has_generator else [])
    try:
        torch.compile(lambda x: x + 1)(torch.zeros(1, device=net.device))
        for network in pair:
            network.compile(dynamic=False)
    except Exception as error:  # torch names no common base for what its back ends raise
        reason = str(error).strip().splitlines()[0]
        warnings.warn(
            f"compile=True has no effect: {reason}. Install a C++ compiler, or pass compile=False.",
            CompileFallbackWarning,
            stacklevel=5,  # the line that called fit
        )
