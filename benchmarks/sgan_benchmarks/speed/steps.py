"""Sections on the time of a training step: overhead, precision, small batches, large pools."""

import statistics
from typing import Any

import numpy as np

from sgan_classifier import SGANClassifier
from sgan_classifier._device import HAS_AMX

from .plain_loop import PlainLoop
from .precisions import compare_accuracies
from .result import Section, Target, milliseconds
from .setting import (
    Options,
    Problem,
    Runs,
    TimedFit,
    image_problem,
    ratio,
    side_by_side,
    sizes_up_to,
    table_problem,
)
from .tutorial_loop import TutorialLoop

IMAGE_BATCH, TABLE_BATCH, STUDY_BATCH = 64, 32, 10
TABLE_STEPS, SMALL_BATCH_STEPS = 25, 4  # times as many as with images at batch 64
GROWTH_SIDE = 16
BF16_STEPS = 2  # where it is emulated, which takes long
FIT, PLAIN, TUTORIAL = "SGANClassifier, fp32", "plain loop", "tutorial loop"


def overhead(options: Options) -> Section:
    """Compare the fit in fp32 with the plain loop, for images and for a table."""
    section = Section("Engine overhead")
    cases = {
        f"default image networks, 32x32, batch {IMAGE_BATCH}": (
            image_problem(),
            {"batch_size": IMAGE_BATCH},
            options.steps,
            1.05,
        ),
        f"MLP, 64 features, batch {TABLE_BATCH}": (
            table_problem(),
            {"batch_size": TABLE_BATCH},
            TABLE_STEPS * options.steps,
            1.15,
        ),
    }
    rows = []
    for name, (problem, parameters, n_steps, bound) in cases.items():
        fit = TimedFit(problem, precision="fp32", **parameters)
        runs: Runs = {FIT: fit.run, PLAIN: _loop(PlainLoop, fit).run}
        seconds = side_by_side(runs, n_steps, options.rounds)
        figure = ratio(seconds, FIT, PLAIN)
        section.targets.append(
            Target(
                f"{name}: time of SGANClassifier over the plain loop's", bound, "at most", figure
            )
        )
        rows.append([name, *_medians(seconds), f"{figure:.3f}"])
        section.figures[name] = {"n_steps": n_steps, "seconds_a_step": seconds}
    section.add_table("Milliseconds a step", ["", FIT, PLAIN, "ratio"], rows)
    section.notes.append(
        "The plain loop is `benchmarks/sgan_benchmarks/speed/plain_loop.py`: the same networks, "
        "losses, batches and running averages, and no monitoring of training."
    )
    return section


def faster(options: Options) -> Section:
    """Compare what `precision="auto"` does with both loops."""
    problem, parameters = image_problem(), {"batch_size": IMAGE_BATCH}
    single = TimedFit(problem, precision="fp32", **parameters)
    auto = TimedFit(problem, **parameters)
    chosen = auto.net.settings.precision
    name = f"SGANClassifier, auto ({chosen})"
    runs: Runs = {name: auto.run, FIT: single.run}
    runs |= {PLAIN: _loop(PlainLoop, single).run, TUTORIAL: _loop(TutorialLoop, single).run}
    seconds = side_by_side(runs, options.steps, options.rounds)
    section = Section("Precision and the loops of others")
    section.figures = {"precision": chosen, "has_amx": HAS_AMX, "seconds_a_step": seconds}
    rows = [
        [run, milliseconds(statistics.median(seconds[run])), f"{ratio(seconds, run, name):.2f}"]
        for run in runs
    ]
    section.add_table(
        f"Default image networks at batch {IMAGE_BATCH}",
        ["", "milliseconds a step", f"times {name}"],
        rows,
    )
    if HAS_AMX:
        for loop, bound in ((PLAIN, 1.8), (TUTORIAL, 2.5)):
            section.targets.append(
                Target(
                    f"speed of `auto` over the {loop}'s",
                    bound,
                    "at least",
                    ratio(seconds, loop, name),
                )
            )
    else:
        section.notes.append("This CPU has no AMX: the targets for a CPU with AMX do not apply.")
    if chosen == "fp32":
        slow = TimedFit(problem, precision="bf16", **parameters)
        forced: Runs = {"bf16": slow.run, FIT: single.run}
        times = side_by_side(forced, BF16_STEPS, options.rounds)
        section.figures["forced_bf16"] = times
        section.notes.append(
            f"`auto` is fp32 here, the same code as `precision='fp32'`; bf16, asked for, takes "
            f"{ratio(times, 'bf16', FIT):.2f} times as long."
        )
    else:
        fits = {name: SGANClassifier(device="cpu", precision=name) for name in (chosen, "fp32")}
        compare_accuracies(section, fits, options)
    section.targets.append(
        # what is the same code differs by noise alone, which is not 2 %
        Target("time of `auto` over that of fp32", 1.02, "at most", ratio(seconds, name, FIT))
    )
    return section


def small_batch(options: Options) -> Section:
    """Compare the time an image at the study's batch size with that at batch 64."""
    problem = image_problem()
    fits = {size: TimedFit(problem, batch_size=size) for size in (STUDY_BATCH, IMAGE_BATCH)}
    images = {size: _images_a_step(fit.model) for size, fit in fits.items()}
    names = {size: f"batch {size}" for size in fits}

    def run(size: int) -> Any:
        more = SMALL_BATCH_STEPS if size == STUDY_BATCH else 1
        # seconds an image, from as much work on either side
        return lambda n: fits[size].run(n * more) / more / images[size]

    seconds = side_by_side({names[s]: run(s) for s in fits}, options.steps, options.rounds)
    figure = ratio(seconds, names[STUDY_BATCH], names[IMAGE_BATCH])
    section = Section("Small batches", figures={"seconds_an_image": seconds})
    section.targets = [
        Target(
            f"time an image at batch {STUDY_BATCH} over that at {IMAGE_BATCH}",
            3.0,
            "at most",
            figure,
        )
    ]
    section.add_table(
        "Microseconds an image (labelled, unlabelled and generated ones counted)",
        ["", "microseconds"],
        [[name, f"{1e6 * statistics.median(seconds[name]):.0f}"] for name in names.values()],
    )
    return section


def growth(options: Options) -> Section:
    """Time a step with ever more unlabelled rows in RAM."""
    sizes = sizes_up_to(options.rows)
    labeled = image_problem(GROWTH_SIDE)
    rng = np.random.default_rng(0)
    shape = (sizes[-1], GROWTH_SIDE, GROWTH_SIDE)
    pool = rng.integers(0, 256, shape, dtype=np.uint8)
    problem = Problem(labeled.X[labeled.y >= 0], labeled.y[labeled.y >= 0])
    runs: Runs = {
        f"{n:,}": TimedFit(problem, X_unlabeled=pool[:n], batch_size=IMAGE_BATCH).run for n in sizes
    }
    seconds = side_by_side(runs, 2 * options.steps, options.rounds)
    ratios = {name: ratio(seconds, name, f"{sizes[0]:,}") for name in runs}
    section = Section("Growth with unlabelled rows", figures={"seconds_a_step": seconds})
    section.targets = [
        Target(
            f"greatest time a step up to {sizes[-1]:,} rows over that with {sizes[0]:,}",
            1.10,
            "at most",
            max(ratios.values()),
        )
    ]
    section.add_table(
        f"Images of {GROWTH_SIDE}x{GROWTH_SIDE}, uint8, in RAM",
        ["unlabelled rows", "milliseconds a step", "ratio"],
        [
            [name, milliseconds(statistics.median(seconds[name])), f"{ratios[name]:.3f}"]
            for name in runs
        ],
    )
    return section


def _images_a_step(model: SGANClassifier) -> int:
    settings = model.net_.settings
    return settings.batch_size + settings.unlabeled_batch_size + settings.fake_batch_sizes[0]


def _loop(kind: Any, fit: TimedFit) -> Any:
    model, problem = fit.model, fit.problem
    return kind(
        fit.net, problem.batch_layout, problem.y, model.max_iter, model.learning_rate_schedule
    )


def _medians(seconds: dict[str, list[float]]) -> list[str]:
    return [milliseconds(statistics.median(times)) for times in seconds.values()]
