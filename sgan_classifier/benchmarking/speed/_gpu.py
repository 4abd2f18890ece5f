"""The step on a GPU, where there is one."""

import statistics
import warnings

import torch

from ...exceptions import CompileFallbackWarning
from ._plain_loop import PlainLoop
from ._result import NOT_MEASURED, Section, milliseconds
from ._setting import Options, Runs, TimedFit, image_problem, ratio, side_by_side
from ._steps import IMAGE_BATCH

STEPS = 10  # times as many as on the CPU


def gpu(options: Options) -> Section:
    """Time a step on CUDA in fp32, by default and compiled, beside the plain loop."""
    section = Section("GPU")
    if not torch.cuda.is_available():
        section.notes.append(f"This machine has no CUDA device: {NOT_MEASURED}.")
        return section
    problem = image_problem()
    single = TimedFit(problem, device="cuda", precision="fp32", batch_size=IMAGE_BATCH)
    loop = PlainLoop(single.net, problem.batch_layout, problem.y, single.model.max_iter)
    runs: Runs = {"plain loop, fp32": loop.run, "SGANClassifier, fp32": single.run}
    auto = TimedFit(problem, device="cuda", batch_size=IMAGE_BATCH)
    runs[f"SGANClassifier, auto ({auto.net.settings.precision})"] = auto.run
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileFallbackWarning)
        compiled = TimedFit(problem, device="cuda", compile=True, batch_size=IMAGE_BATCH)
    runs["SGANClassifier, auto, compile=True"] = compiled.run
    seconds = side_by_side(runs, STEPS * options.steps, options.rounds)
    section.figures = {"seconds_a_step": seconds, "device": torch.cuda.get_device_name()}
    section.add_table(
        f"Default image networks at batch {IMAGE_BATCH}, {torch.cuda.get_device_name()}",
        ["", "milliseconds a step", "times the plain loop"],
        [
            [
                name,
                milliseconds(statistics.median(seconds[name])),
                f"{ratio(seconds, name, 'plain loop, fp32'):.2f}",
            ]
            for name in runs
        ],
    )
    return section
