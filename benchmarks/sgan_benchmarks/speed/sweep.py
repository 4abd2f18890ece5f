"""A sweep over labels and draws, and how to share the cores among its fits."""

import statistics
import time
import warnings
from typing import Any

from sklearn.base import clone

from sgan_classifier import SGANClassifier
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.model_selection import label_efficiency_curve

from .result import Section, Target
from .setting import Options

N_LABELS = (10, 20, 50, 100, 1000)
COMPARED_STEPS = 100  # of the fits that are run both ways


def sweep(options: Options) -> Section:
    """Compare one-thread fits side by side with fits on all threads; then run a whole sweep."""
    data = load_benchmark_data("lunar_nac", options.data_dir)
    model = SGANClassifier(device="cpu")
    if options.max_iter is not None:
        model.set_params(max_iter=options.max_iter)
    jobs = options.jobs
    side, alone = f"{jobs} at a time, one thread each", f"one at a time, {jobs} threads"
    short = clone(model).set_params(max_iter=min(COMPARED_STEPS, model.max_iter))

    def run(estimator: SGANClassifier, sizes: list[int], draws: int, n_jobs: int | None) -> float:
        begin = time.perf_counter()
        # "auto" shares out the threads of torch: no more than the other ways may use
        with warnings.catch_warnings(), limit_threads(jobs):
            warnings.simplefilter("ignore")  # so short a fit may have learnt nothing
            chosen: dict[str, Any] = (
                {} if n_jobs is None else {"n_jobs": n_jobs, "n_threads": jobs // n_jobs}
            )
            label_efficiency_curve(
                {"SGAN": estimator},
                data.X_train,
                data.y_train,
                X_test=data.X_test[:100],
                y_test=data.y_test[:100],
                n_labels=sizes,
                n_draws=draws,
                **chosen,
            )
        return time.perf_counter() - begin

    run(short, [N_LABELS[0]], jobs, jobs)  # starts the workers, which stay
    times: dict[str, list[float]] = {side: [], alone: [], "default": []}
    for _ in range(options.rounds):
        for name, n_jobs in ((side, jobs), (alone, 1), ("default", None)):
            times[name].append(run(short, [N_LABELS[2]], 2 * jobs, n_jobs))
    gain = statistics.median(a / s for a, s in zip(times[alone], times[side], strict=True))
    best = min(side, alone, key=lambda name: statistics.median(times[name]))
    lost = statistics.median(d / b for d, b in zip(times["default"], times[best], strict=True))
    section = Section("Sweeps", figures={"seconds": times, "jobs": jobs})
    section.targets = [
        Target(
            "time of `label_efficiency_curve` by default over that of the better way",
            1.10,
            "at most",
            lost,
        )
    ]
    section.add_table(
        f"Seconds for {2 * jobs} fits of {short.max_iter} steps on lunar_nac, 50 labels",
        ["", "seconds"],
        [[name, f"{statistics.median(seconds):.1f}"] for name, seconds in times.items()],
    )
    section.notes.append(f"{side[0].upper()}{side[1:]} is {gain:.2f} times as fast as {alone}.")
    total = run(model, list(N_LABELS), options.draws, None)
    section.figures["sweep_seconds"] = total
    section.notes.append(
        f"The whole sweep, {len(N_LABELS)} numbers of labels x {options.draws} draws of "
        f"{model.max_iter} steps each, took {total / 60:.1f} minutes by default."
    )
    return section
