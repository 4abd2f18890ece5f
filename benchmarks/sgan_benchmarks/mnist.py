"""The errors at 20 and 100 labels for budgets of time, beside the published ones."""

import time
from collections.abc import Sequence
from typing import Any

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._contenders import CNN, SGAN
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._paired_cnn import choose_budgets, compare_with_own_budget
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    write_results,
)

from .mnist_report import mnist_report
from .published import LABELS
from .timing import plan_steps


def run_mnist(
    data: BenchmarkData,
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    minutes: Sequence[float] = (),
    steps: Sequence[int] = (),
    cnn_budgets: Sequence[int] = (),
) -> dict[str, Any]:
    """Measure the SGAN and its CNN for each budget; write record and report after each.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int
    n_draws : int
    run : Run
        Its `out` is the folder of `<data>.json` and `.md`; of `<data>_<n>_labels` for other numbers
        than `LABELS`, and `..._<n>_threads` for more than one.
    minutes : sequence of float, default=()
        Budgets of time; the steps that fit are found by a short timing run.
    steps : sequence of int, default=()
        Budgets in steps.
    cnn_budgets : sequence of int, default=()
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
    shared = {**data.parameters, "device": run.device}
    sgan, cnn = SGANClassifier(**shared), CNNClassifier(network="auto", **shared)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        minutes=list(minutes),
        steps=list(steps),
        cnn_budgets=list(cnn_budgets),
    )
    record["budgets"] = []
    stem = data.name
    if list(n_labels) != list(LABELS):
        stem += f"_{'_'.join(map(str, n_labels))}_labels"
    if run.n_threads > 1:
        stem += f"_{run.n_threads}_threads"
    started = time.perf_counter()
    memory = cache_folder(run.out, record)
    running: dict[str, Any] = {"memory": memory, **run.of_fits}
    chosen = None
    if cnn_budgets:
        seeds = run.seeds(n_draws)
        chosen = choose_budgets(cnn, data, n_labels, cnn_budgets, reported_seeds=seeds, **running)
        record["cnn_budgets"] = chosen
    budgets: list[dict[str, Any]] = []
    for limit in sorted(minutes):
        planned = plan_steps(
            sgan,
            data,
            max(n_labels),
            60 * limit,
            memory=memory,
            n_jobs=run.n_jobs,
            n_threads=run.n_threads,
            machine=record["machine"],
        )
        budgets.append({"minutes": limit, **planned})
    budgets += [{"minutes": None, "steps": n} for n in sorted(steps)]
    for budget in budgets:
        n_steps = int(budget["steps"])
        estimators = {
            SGAN: sgan.set_params(max_iter=n_steps),
            CNN: cnn.set_params(max_iter=n_steps),
        }
        curve = compare_with_own_budget(estimators, data, n_labels, n_draws, chosen, **running)
        described = {name: describe_estimator(each) for name, each in estimators.items()}
        record["budgets"].append({**budget, "estimators": described, "curve": curve.to_dict()})
        record["seconds"] = time.perf_counter() - started
        write_results(record, mnist_report, run.out / stem)
    return record
