"""How near a step comes to what the machine can multiply, and where the rest of its time goes."""

import statistics
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from sgan_classifier._batches import Rows
from sgan_classifier._layout import infer_layout
from sgan_classifier._step import TrainingData, TrainingStep

from .result import Section, Target, milliseconds
from .setting import Options, Problem, Runs, TimedFit, image_problem, repeated, side_by_side
from .steps import IMAGE_BATCH

MATRIX_SIDE = 1024  # three of them fit the caches of most CPUs, in either precision
MATMUL = f"matrix product of side {MATRIX_SIDE}"
CONVOLUTION = "the same product as a convolution"
MIN_SHARE = 0.5  # in fp32
PROFILED_STEPS = 5
N_OPERATORS = 15
# operators whose time is matrix products; all others are the rest to be explained
PRODUCTS = ("mkldnn_convolution", "convolution_backward", "addmm", "mm", "bmm", "mkldnn_linear")


def limit(options: Options) -> Section:
    """State operations a step, the machine's rate, the share reached, and the profile.

    In fp32, and beside it in the precision that "auto" takes, where that is another.
    """
    section = Section("Near the limit of the machine")
    problem = image_problem()
    for precision in ("fp32", "auto"):
        fit = TimedFit(problem, batch_size=IMAGE_BATCH, precision=precision)
        name = fit.net.settings.precision
        if name not in section.figures:
            _measure_share(section, fit, name, options)
    return section


def _measure_share(section: Section, fit: TimedFit, precision: str, options: Options) -> None:
    """Add to a section how near the steps of a fit come to the machine's rate."""
    operations = count_operations(fit.net, fit.problem)
    multiply = _Multiplication(precision)
    runs: Runs = {"step": fit.run, MATMUL: multiply.run, CONVOLUTION: multiply.run_as_convolution}
    seconds = side_by_side(runs, options.steps, options.rounds)
    total = sum(operations.values())
    shares = [
        total / step / (multiply.operations / min(products))
        for step, *products in zip(*seconds.values(), strict=True)
    ]
    step = statistics.median(seconds["step"])
    rates = {
        name: multiply.operations / statistics.median(seconds[name])
        for name in (MATMUL, CONVOLUTION)
    }
    share = statistics.median(shares)
    if precision == "fp32":
        what = f"share of the machine's rate, {precision}, batch {IMAGE_BATCH}"
        section.targets.append(Target(what, MIN_SHARE, "at least", share))
    section.add_table(
        f"Default image networks at batch {IMAGE_BATCH}, {precision}",
        ["", "figure"],
        [
            ["floating-point operations a step", f"{total / 1e9:.2f} G"],
            ["milliseconds a step", milliseconds(step)],
            ["reached", f"{total / step / 1e9:.1f} G a second"],
            *([name, f"{rate / 1e9:.1f} G a second"] for name, rate in rates.items()),
            ["share reached of the faster product", f"{share:.0%}"],
        ],
    )
    section.add_table(
        f"Operations by operator, {precision}",
        ["operator", "G a step", "share"],
        [
            [name, f"{count / 1e9:.2f}", f"{count / total:.0%}"]
            for name, count in sorted(operations.items(), key=lambda entry: -entry[1])
        ],
    )
    profiled, in_products = profile_steps(fit.net, fit.problem)
    section.add_table(
        f"Profile, {precision}: operators by time of their own",
        ["operator", "milliseconds a step", "share", "calls a step"],
        profiled,
    )
    section.notes.append(
        f"In {precision}, {in_products:.0%} of the profiled time is spent in matrix products and "
        "convolutions; the rest moves memory: activations and their gradients, batch "
        "normalisation, dropout, layout copies, batches, and the updates of the weights."
    )
    section.figures[precision] = {
        "operations": operations,
        "seconds": seconds,
        "shares": shares,
        "share_in_products": in_products,
    }


def training_step(net: Any, problem: Problem) -> TrainingStep:
    """Return the step of the engine on a problem's rows."""
    layout = infer_layout(problem.X.shape, None)
    labeled = np.flatnonzero(problem.y >= 0)
    data = TrainingData(
        Rows([problem.X], layout, labeled), problem.y[labeled], Rows([problem.X], layout)
    )
    net.module_.train()
    net.generator_.train()
    return TrainingStep(net, data)


def count_operations(net: Any, problem: Problem) -> dict[str, int]:
    """Count the floating-point operations of one step, by operator.

    Products and convolutions are counted, forward and backward, two operations for each
    multiplication with its addition.
    """
    step = training_step(net, problem)
    with FlopCounterMode(display=False) as counter:
        step()
    return {
        str(operator).rpartition(".")[2]: int(count)
        for operator, count in counter.get_flop_counts()["Global"].items()
    }


def profile_steps(net: Any, problem: Problem) -> tuple[list[list[str]], float]:
    """Profile a few steps.

    Returns
    -------
    rows : list of list of str
        Operator, milliseconds a step of its own, share of all, calls a step.
    in_products : float
        Share of the time in matrix products and convolutions.
    """
    step = training_step(net, problem)
    step()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(PROFILED_STEPS):
            step()
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    products = sum(
        event.self_cpu_time_total
        for event in events
        if event.key.removeprefix("aten::") in PRODUCTS
    )
    rows = [
        [
            f"`{event.key}`",
            milliseconds(1e-6 * event.self_cpu_time_total / PROFILED_STEPS),
            f"{event.self_cpu_time_total / total:.1%}",
            f"{event.count / PROFILED_STEPS:g}",
        ]
        for event in events[:N_OPERATORS]
    ]
    return rows, products / total


class _Multiplication:
    """One product of two square matrices.

    Torch leaves it to another library than convolutions, and on some CPUs (AMD's, fp32) that is by
    far the slower one: so the machine's rate is that of the faster way.
    """

    operations = 2 * MATRIX_SIDE**3

    def __init__(self, precision: str) -> None:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        rng = torch.Generator().manual_seed(0)
        self.a, self.b = (
            torch.randn(MATRIX_SIDE, MATRIX_SIDE, generator=rng).to(dtype) for _ in range(2)
        )
        self.out = torch.empty_like(self.a)
        # rows are pixels and columns channels, as channels_last lies in memory
        self.image = self.a.reshape(1, MATRIX_SIDE, 1, MATRIX_SIDE).permute(0, 3, 1, 2)
        self.kernels = self.b.t().reshape(MATRIX_SIDE, MATRIX_SIDE, 1, 1)

    def multiply(self) -> None:
        torch.mm(self.a, self.b, out=self.out)

    def convolve(self) -> torch.Tensor:
        return torch.conv2d(self.image, self.kernels)

    def run(self, n: int) -> float:
        return sum(repeated(self.multiply, n))

    def run_as_convolution(self, n: int) -> float:
        return sum(repeated(self.convolve, n))
