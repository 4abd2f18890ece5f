"""The step on a GPU, where there is one."""

import statistics
import warnings
from collections.abc import Callable
from typing import Any

import torch

from sgan_classifier import SGANClassifier
from sgan_classifier._cuda_graph import WARM_UP
from sgan_classifier.exceptions import CompileFallbackWarning

from .clock import now, wait_for_device
from .limit import training_step
from .plain_loop import PlainLoop
from .precisions import compare_accuracies
from .result import NOT_MEASURED, Section, milliseconds
from .setting import Options, Problem, Runs, TimedFit, image_problem, ratio, side_by_side
from .steps import IMAGE_BATCH

STEPS = 10  # times as many as on the CPU
PLAIN = "plain loop, fp32"


def gpu(options: Options) -> Section:
    """Time a step on CUDA beside the plain loop; then compare accuracies with the CPU's."""
    section = Section("GPU")
    if not torch.cuda.is_available():
        section.notes.append(f"This machine has no CUDA device: {NOT_MEASURED}.")
        return section
    problem = image_problem()
    common: dict[str, Any] = {
        "device": "cuda",
        "batch_size": IMAGE_BATCH,
        "n_first": WARM_UP + 2,  # the one that is recorded, and one more
    }
    fp32 = TimedFit(problem, precision="fp32", **common)
    auto = TimedFit(problem, **common)
    precision = auto.net.settings.precision
    runs: Runs = {
        PLAIN: PlainLoop(fp32.net, problem.batch_layout, problem.y, fp32.model.max_iter).run,
        "SGANClassifier, fp32, its steps not recorded": _eager(fp32, problem),
        "SGANClassifier, fp32": fp32.run,
        f"SGANClassifier, auto ({precision})": auto.run,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileFallbackWarning)
        compiled = TimedFit(problem, compile=True, **common)
    runs[f"SGANClassifier, auto ({precision}), compile=True"] = compiled.run
    seconds = side_by_side(runs, STEPS * options.steps, options.rounds)
    device = torch.cuda.get_device_name()
    section.figures = {"seconds_a_step": seconds, "device": device}
    section.add_table(
        f"Default image networks, 32x32, batch {IMAGE_BATCH}, {device}",
        ["", "milliseconds a step", "times the plain loop"],
        [
            [
                name,
                milliseconds(statistics.median(seconds[name])),
                f"{ratio(seconds, name, PLAIN):.2f}",
            ]
            for name in runs
        ],
    )
    section.notes.append(
        "A fit records the work of a step on the device once, as a CUDA graph, and repeats it. To "
        f"record it took {milliseconds(auto.seconds[WARM_UP])} milliseconds, which are not counted "
        "above. The plain loop keeps all rows on the device and launches its work from Python; its "
        "convolutions round to TF32, as torch has them by default."
    )
    fits = {
        f"CUDA ({precision})": SGANClassifier(device="cuda"),
        "CPU (fp32)": SGANClassifier(device="cpu", precision="fp32"),
    }
    compare_accuracies(section, fits, options)
    return section


def _eager(fit: TimedFit, problem: Problem) -> Callable[[int], float]:
    """Return a run of the steps of a fit, each launched from Python."""
    step = training_step(fit.net, problem)

    def run(n_steps: int) -> float:
        begin = now()
        for _ in range(n_steps):
            step()
            fit.net.n_steps_ += 1
        wait_for_device()
        return now() - begin

    return run
