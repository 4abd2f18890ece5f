"""The errors at 20 and 100 labels for budgets of time, beside the published ones."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._contenders import CNN, SGAN
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._paired_cnn import choose_budgets, compare_with_own_budget
from sgan_classifier.benchmarking._record import (
    describe_estimator,
    describe_run,
    draw_settings,
    write_results,
)

from .mnist_report import mnist_report
from .published import LABELS
from .timing import plan_steps


def run_mnist(
    data: BenchmarkData,
    n_labels: Sequence[int],
    n_draws: int,
    *,
    out: Path,
    command: str,
    minutes: Sequence[float] = (),
    steps: Sequence[int] = (),
    cnn_budgets: Sequence[int] = (),
    n_jobs: int = 1,
    n_threads: int = 1,
    random_state: int = 0,
    device: str = "auto",
    verbose: int = 1,
) -> dict[str, Any]:
    """Measure the SGAN and its CNN for each budget; write record and report after each.

    Finished fits are kept below `out`, so that a stopped run goes on where it was.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int
    n_draws : int
    out : Path
        Folder of `<data>.json` and `.md`; `<data>_<n>_labels` for other numbers than `LABELS`, and
        `..._<n>_threads` for more than one.
    command : str
        The command line, for the record.
    minutes : sequence of float, default=()
        Budgets of time; the steps that fit are found by a short timing run.
    steps : sequence of int, default=()
        Budgets in steps.
    cnn_budgets : sequence of int, default=()
        As in `run_label_efficiency`.
    n_threads : int, default=1
        Threads of each fit.
    n_jobs, random_state, device, verbose
        As in `run_label_efficiency`.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    ValueError
        If there is no budget.
    """
    if not minutes and not steps:
        raise ValueError("There is no budget. Pass minutes or steps.")
    shared = {**data.parameters, "device": device}
    sgan, cnn = SGANClassifier(**shared), CNNClassifier(network="auto", **shared)
    record = describe_run(
        data,
        command,
        **draw_settings(n_labels, n_draws, random_state, n_jobs, n_threads),
        minutes=list(minutes),
        steps=list(steps),
        cnn_budgets=list(cnn_budgets),
        device=device,
    )
    record["budgets"] = []
    stem = data.name
    if list(n_labels) != list(LABELS):
        stem += f"_{'_'.join(map(str, n_labels))}_labels"
    if n_threads > 1:
        stem += f"_{n_threads}_threads"
    started = time.perf_counter()
    threads = {"n_jobs": n_jobs, "n_threads": n_threads}
    running: dict[str, Any] = {"memory": cache_folder(out, record), "verbose": verbose, **threads}
    chosen = None
    if cnn_budgets:
        seeds = range(random_state, random_state + n_draws)
        chosen = choose_budgets(cnn, data, n_labels, cnn_budgets, reported_seeds=seeds, **running)
        record["cnn_budgets"] = chosen
    budgets: list[dict[str, Any]] = []
    for limit in sorted(minutes):
        planned = plan_steps(
            sgan,
            data,
            max(n_labels),
            60 * limit,
            memory=cache_folder(out, record),
            machine=record["machine"],
            **threads,
        )
        budgets.append({"minutes": limit, **planned})
    budgets += [{"minutes": None, "steps": n} for n in sorted(steps)]
    for budget in budgets:
        n_steps = int(budget["steps"])
        estimators = {
            SGAN: sgan.set_params(max_iter=n_steps),
            CNN: cnn.set_params(max_iter=n_steps),
        }
        curve = compare_with_own_budget(
            estimators, data, n_labels, n_draws, chosen, random_state=random_state, **running
        )
        described = {name: describe_estimator(each) for name, each in estimators.items()}
        record["budgets"].append({**budget, "estimators": described, "curve": curve.to_dict()})
        record["seconds"] = time.perf_counter() - started
        write_results(record, mnist_report, out / stem)
    return record
