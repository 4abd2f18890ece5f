"""What a net's networks answer and draw outside training: passes in batches, without gradients."""

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ._batches import Rows
from ._device import exact_kernels
from ._memory import keep_freed_memory

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

BATCH = 512


def _logits_alone(logits: Tensor, features: Tensor) -> Tensor:
    return logits


def judges_realness(net: "SemiSupervisedNet") -> bool:
    """Say whether it was trained to tell real rows from generated ones."""
    return net.settings.adversarial_weight > 0


def answers(
    net: "SemiSupervisedNet",
    rows: Rows,
    answer: Callable[[Tensor, Tensor], Tensor] = _logits_alone,
    *,
    dtype: torch.dtype = torch.float32,
) -> Iterator[Tensor]:
    """Yield `answer(logits, features)` of all rows in order, batch by batch.

    The running average answers. Logits and features are not kept until the next batch, which finds
    their memory in the processor's cache: several percent of the time.

    Parameters
    ----------
    net : SemiSupervisedNet
    rows : Rows
    answer : callable
        Takes the logits, in `dtype` and on the CPU, and the features as the network gave them; by
        default returns the logits.
    dtype : torch.dtype
        In which to compute. float64 makes a row's answer independent of the rows beside it.
    """
    keep_freed_memory()
    module = net.average_
    if dtype == torch.float64:
        module = copy.deepcopy(module).double()
    for batch in rows.chunks(BATCH):
        yield answer(*_pass(net, module, batch, dtype))


def _pass(
    net: "SemiSupervisedNet", module: nn.Module, batch: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    with (
        torch.inference_mode(),
        exact_kernels(torch.device(net.device)),
        net.autocast(enabled=dtype == torch.float32),
    ):
        logits, features = module(net.scaler.transform(net.to_device(batch), dtype))
        return logits.to(dtype).cpu(), features


@torch.inference_mode()
def generate(net: "SemiSupervisedNet", n_samples: int, rng: torch.Generator) -> Tensor:
    """Return images drawn from the generator, (n_samples, *input_shape), in scaled units."""
    batches = []
    for start in range(0, n_samples, BATCH):
        n = min(BATCH, n_samples - start)
        z = net.generator_average_.sample_latent(n, rng)
        with exact_kernels(torch.device(net.device)), net.autocast(enabled=False):
            batches.append(net.generator_average_(z).float().cpu())
    return torch.cat(batches)
