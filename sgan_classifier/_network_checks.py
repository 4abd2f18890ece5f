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
SUM_TOLERANCE = 1e-4  # of probabilities that are to sum to 1


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
    if len(features) != 2:
        raise InvalidInputError(
            f"The discriminator answers a batch of 2 rows with features of shape "
            f"{tuple(features.shape)}; it must be (2, n_features)."
        )
    net.n_features = features.shape[1]
    if not isinstance(net.module_, networks.LocalRandomModule):
        _check_logits(net, logits, fake)
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
    fake = of_fake = None
    try:
        with net.autocast():
            logits, features = discriminator(x)
            if _has_game(net):
                generator = copy.deepcopy(net.generator_).train()
                rng = torch.Generator(net.device).manual_seed(0)
                generator(generator.sample_latent(min(net.settings.fake_batch_sizes), rng))
                # its own step is the one in which the discriminator sees nothing else
                fake = generator(generator.sample_latent(net.settings.fake_batch_sizes[1], rng))
                of_fake = discriminator(fake)[1]
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
    if fake is not None and not fake.requires_grad:
        raise InvalidInputError(
            "The generator cannot be trained: what it makes has no gradient. Compute it from "
            "parameters that require one, without detach; adversarial_weight=0 trains none."
        )
    is_matched = net.settings.generator_loss.startswith("feature_matching")
    if of_fake is not None and is_matched and not of_fake.requires_grad:
        raise InvalidInputError(
            "The discriminator's features have no gradient, and feature matching trains the "
            "generator by them. Return them without detach, or pass "
            "generator_loss='non_saturating'."
        )


def _has_game(net: "SemiSupervisedNet") -> bool:
    return net.has_generator and net.settings.adversarial_weight > 0


def _check_logits(net: "SemiSupervisedNet", logits: Tensor, fake: Tensor) -> None:
    """Refuse probabilities in the place of logits, and their logarithms where D_u is trained."""
    if net.n_classes == 1:
        return
    with torch.inference_mode():
        logits = torch.cat([logits, net.average_(fake.to(logits.device))[0]]).float()
    is_softmax = bool((logits >= 0).all()) and _all_close(logits.sum(dim=1), 1.0)
    sums_to_one = _all_close(torch.logsumexp(logits, dim=1), 0.0)
    # a last layer that begins at 0, with the classes' shares for its bias, ends in none
    is_constant = bool((logits == logits[0]).all())
    if not is_softmax and not (sums_to_one and not is_constant and _has_game(net)):
        return
    raise InvalidInputError(
        f"The discriminator ends in {'softmax' if is_softmax else 'log_softmax'}, it seems: its "
        "answers are no raw scores. Leave that out: the losses apply it, and realness is computed "
        "from how large the scores are."
    )


def _all_close(values: Tensor, expected: float) -> bool:
    return bool(((values - expected).abs() < SUM_TOLERANCE).all())


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
