"""The optimisers of both networks, and their rates in the course of a fit."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .exceptions import InvalidInputError

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1.0 - progress,
    "linear_last_third": lambda progress: min(1.0, 3.0 * (1.0 - progress)),  # Salimans et al. 2016
    "cosine": lambda progress: 0.5 * (1.0 + math.cos(math.pi * progress)),
}

# How the sums are done here, which is this machine's affair, and not that of a user or a file; and
# the rate, which is set before every step.
LOCAL_OPTIONS = ("params", "fused", "foreach", "capturable", "lr")


def make_adam(
    module: nn.Module, learning_rate: float, options: dict[str, Any]
) -> torch.optim.Optimizer:
    """Return AdamW for the weights of a module, on their device.

    Parameters
    ----------
    module : torch.nn.Module
    learning_rate : float
    options : dict
        Keywords of `torch.optim.AdamW`. The decoupled weight decay is 0 unless asked for: then this
        is plain Adam.

    Raises
    ------
    InvalidInputError
        If AdamW does not take them.
    """
    return _adam(list(module.parameters()), options, lr=learning_rate)


def change_options(optimizer: torch.optim.Optimizer, options: dict[str, Any]) -> None:
    """Go on with other keywords of `torch.optim.AdamW`, where a fit goes on from the last.

    What they leave out is as in a new optimiser.

    Raises
    ------
    InvalidInputError
        If AdamW does not take them, or if the moments so far are not enough for them.
    """
    group = optimizer.param_groups[0]
    fresh = _adam(group["params"], options, lr=group["lr"]).param_groups[0]
    if fresh["amsgrad"] and not group["amsgrad"]:
        raise _misfit(options, "the steps taken so far kept no greatest moments for amsgrad")
    group.update({name: value for name, value in fresh.items() if name not in LOCAL_OPTIONS})


def _adam(
    weights: list[Tensor], options: dict[str, Any], *, lr: float | Tensor
) -> torch.optim.Optimizer:
    if not weights:
        raise InvalidInputError(
            "network returned a module without parameters, which cannot be trained. Give generator "
            "and discriminator at least one layer with weights."
        )
    fused = all(weight.device.type in ("cpu", "cuda") for weight in weights)
    chosen = {"weight_decay": 0.0, **options}
    try:
        return torch.optim.AdamW(weights, lr=lr, fused=fused, **chosen)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise _misfit(options, str(error)) from error


def _misfit(options: dict[str, Any], reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"optimizer_params={options!r} does not fit torch.optim.AdamW: {reason}. Use its own "
        "keywords, as betas, eps, weight_decay; the rates are learning_rate and "
        "generator_learning_rate."
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate; on CUDA in a tensor, as a recorded step takes no new numbers."""
    group = optimizer.param_groups[0]
    device = group["params"][0].device
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    elif device.type == "cuda":
        group["lr"] = torch.tensor(rate, device=device, dtype=torch.float32)
    else:
        group["lr"] = rate
