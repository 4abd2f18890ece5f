"""One of the two networks in training: its weights, its optimiser and its running average."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Learner:
    """A network whose tensors are listed once, because to walk through its modules takes time.

    Parameters
    ----------
    module, average : torch.nn.Module
        The second is a copy of the first, which follows it.
    optimizer : torch.optim.Optimizer
        Of the module's weights.
    """

    def __init__(
        self, module: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
    ) -> None:
        self.module, self.optimizer = module, optimizer
        self.weights: list[Tensor] = list(module.parameters())
        self._average_weights: list[Tensor] = list(average.parameters())
        # by name, as a network of the user's may put another tensor in the place of a buffer
        names = [name.rpartition(".") for name, _ in module.named_buffers()]
        self._buffers = [
            (average.get_submodule(path), module.get_submodule(path), name)
            for path, _, name in names
        ]

    def forget_gradients(self) -> None:
        for weight in self.weights:
            weight.grad = None

    def gradient_norm(self) -> Tensor:
        """Return the norm (of shape ()) of the gradient by all weights that have one."""
        gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))

    @torch.no_grad()
    def follow(self, part: float | Tensor) -> None:
        """Move the average by a part of its way to the weights; copy the buffers."""
        if isinstance(part, Tensor):
            way = torch._foreach_sub(self.weights, self._average_weights)
            torch._foreach_mul_(way, part)
            torch._foreach_add_(self._average_weights, way)
        else:
            torch._foreach_lerp_(self._average_weights, self.weights, part)
        for average, module, name in self._buffers:
            getattr(average, name).copy_(getattr(module, name))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Compute no gradients for the weights, only through them."""
        trained = [weight for weight in self.weights if weight.requires_grad]
        for weight in trained:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in trained:
                weight.requires_grad_(True)
