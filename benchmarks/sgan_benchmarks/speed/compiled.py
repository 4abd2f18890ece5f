"""What `compile=True` is worth on the CPU."""

import statistics

from .result import NOT_MEASURED, Section, milliseconds
from .setting import Options, Runs, TimedFit, image_problem, ratio, side_by_side
from .steps import IMAGE_BATCH

PLAIN, COMPILED = "SGANClassifier, auto", "SGANClassifier, auto, compile=True"


def compiled(options: Options) -> Section:
    """Compare steps of the default image networks, compiled and as they are."""
    section = Section("Compiled networks")
    problem, parameters = image_problem(), {"batch_size": IMAGE_BATCH}
    fit = TimedFit(problem, compile=True, **parameters)
    if fit.net.module_._compiled_call_impl is None:
        section.notes.append(f"This machine has no C++ compiler: {NOT_MEASURED}.")
        return section
    runs: Runs = {PLAIN: TimedFit(problem, **parameters).run, COMPILED: fit.run}
    seconds = side_by_side(runs, options.steps, options.rounds)
    section.figures = {"precision": fit.net.settings.precision, "seconds_a_step": seconds}
    section.add_table(
        f"Default image networks at batch {IMAGE_BATCH}",
        ["", "milliseconds a step", f"times {PLAIN}"],
        [
            [
                name,
                milliseconds(statistics.median(seconds[name])),
                f"{ratio(seconds, name, PLAIN):.2f}",
            ]
            for name in runs
        ],
    )
    return section
