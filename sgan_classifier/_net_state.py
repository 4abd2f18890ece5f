"""All that a training run changes in a net, as JSON and tensors, and back."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ._optimizers import LOCAL_OPTIONS
from ._plain import decode, encode

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

MODULES = ("module_", "average_", "generator_", "generator_average_", "threshold_")
OPTIMIZERS = ("optimizer_", "generator_optimizer_")


def net_state(net: "SemiSupervisedNet") -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Take the weights, running averages, optimisers, random streams and records of a net.

    Returns
    -------
    content : dict
        JSON.
    tensors : dict of str to Tensor
        Not copied: written before the next step.
    """
    streams, tensors = net.streams.state()
    for module in _present(net, MODULES):
        for name, value in getattr(net, module).state_dict().items():
            if not isinstance(value, Tensor):
                raise TypeError(f"the extra state {value!r} of a network's module")
            tensors[f"{module}.{name}"] = value
    groups = {}
    for optimizer in _present(net, OPTIMIZERS):
        state = getattr(net, optimizer).state_dict()
        groups[optimizer] = [
            {key: value for key, value in group.items() if key not in LOCAL_OPTIONS}
            for group in state["param_groups"]
        ]
        for index, moments in state["state"].items():
            for name, value in moments.items():
                tensors[f"{optimizer}.{index}.{name}"] = value
    content = {
        "n_steps": net.n_steps_,
        "label_counts": net.label_counts_,
        "found_prior": net.found_prior_,
        "pseudo_label_threshold": net.pseudo_label_threshold_,
        "records": net.records_,
        "history": list(net.history),
        "optimizers": groups,
        "streams": streams,
    }
    return {name: encode(value) for name, value in content.items()}, tensors


def restore_net(
    net: "SemiSupervisedNet", content: dict[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Put back what `net_state` took, on the device of `net`.

    Raises
    ------
    RuntimeError
        If the networks are not those that were saved.
    ValueError
        If a value is none that `net_state` takes.
    """
    from skorch.history import History

    content = {name: decode(value) for name, value in content.items()}
    for module in _present(net, MODULES):
        getattr(net, module).load_state_dict(below(module, tensors))
    for name in _present(net, OPTIMIZERS):
        _restore_optimizer(getattr(net, name), content["optimizers"][name], below(name, tensors))
    net.streams.restore(content["streams"], tensors)
    net.n_steps_ = content["n_steps"]
    net.label_counts_ = np.array(content["label_counts"])
    net.found_prior_ = _shares(content.get("found_prior"), net.n_classes)
    threshold = float(content.get("pseudo_label_threshold", 0.0))  # which early files lack
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"the least confidence {threshold} of a pseudo-label")
    net.pseudo_label_threshold_ = threshold
    net.records_ = content["records"]
    net.history_ = History(content["history"])


def _shares(saved: Any, n_classes: int) -> np.ndarray | None:
    """Check the shares of the classes that were found; None where none were, as in early files."""
    if saved is None:
        return None
    shares = np.array(saved, dtype=np.float64)
    if shares.shape != (n_classes,) or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"the shares {saved!r} of {n_classes} classes")
    return shares


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, groups: list[dict], moments: dict[str, Tensor]
) -> None:
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state = optimizer.state_dict()
    for mine, saved in zip(state["param_groups"], groups, strict=True):
        mine.update({key: value for key, value in saved.items() if key not in LOCAL_OPTIONS})
    state["state"] = {}
    for name, value in moments.items():
        index, _, key = name.partition(".")
        weight = weights[int(index)]
        if value.shape == weight.shape:  # in the weight's order in memory, as fused steps need it
            value = torch.empty_like(weight).copy_(value)
        state["state"].setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(state)


def _present(net: "SemiSupervisedNet", names: tuple[str, ...]) -> list[str]:
    return [name for name in names if hasattr(net, name)]


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix` and a dot, by the rest of their names."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }
