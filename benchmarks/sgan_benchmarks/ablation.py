"""What each part of the SGAN is worth: the defaults against the defaults without it."""

import time
from collections.abc import Sequence
from typing import Any

from sklearn.base import clone

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.benchmarking._compare import cache_folder, compare
from sgan_classifier.benchmarking._contenders import CNN
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    to_plain,
    write_results,
)
from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import (
    columns,
    markdown_table,
    mean_differences,
    mean_scores,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve

from .terms import active_terms
from .timing import plan_steps

DEFAULTS = "the defaults"


def run_ablation(
    data: BenchmarkData,
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    terms: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Turn off one part at a time; write record and report.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int
    n_draws : int
    run : Run
        Its `out` is the folder of `ablation_<data>.json` and `.md`.
    minutes : float, optional
        Longest time of a fit of the defaults; a short timing run finds the steps, which all take.
    steps : int, optional
        Steps of every fit instead; by default, without `minutes`, the estimator's own.
    terms : sequence of str, optional
        Parameters to turn off; by default all of `active_terms`.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    ValueError
        If a term is unknown or off already.
    """
    shared = {**data.parameters, "device": run.device}
    sgan, cnn = SGANClassifier(**shared), CNNClassifier(network="auto", **shared)
    active = {term.parameter: term for term in active_terms(sgan)}
    wrong = [name for name in terms or () if name not in active]
    if wrong:
        raise ValueError(f"{wrong[0]!r} cannot be turned off. Use some of {', '.join(active)}.")
    chosen = list(active.values()) if terms is None else [active[name] for name in terms]
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        minutes=minutes,
        steps=steps,
    )
    started = time.perf_counter()
    if minutes is not None:
        record["timing"] = plan_steps(
            sgan,
            data,
            max(n_labels),
            60 * minutes,
            memory=cache_folder(run.out, record),
            n_jobs=run.n_jobs,
            machine=record["machine"],
        )
        steps = int(record["timing"]["steps"])
    if steps is not None:
        sgan.set_params(max_iter=steps)
        cnn.set_params(max_iter=steps)
    estimators = {DEFAULTS: sgan}
    for term in chosen:
        estimators[term.name] = clone(sgan).set_params(**{term.parameter: term.off})
    estimators[CNN] = cnn
    record["estimators"] = {name: describe_estimator(est) for name, est in estimators.items()}
    record["terms"] = {term.name: [term.parameter, to_plain(term.off)] for term in chosen}
    curve = compare(
        estimators,
        data,
        n_labels,
        n_draws,
        memory=cache_folder(run.out, record),
        **run.of_fits,
    )
    record["seconds"] = time.perf_counter() - started
    record["curve"] = curve.to_dict()
    write_results(record, ablation_report, run.out / f"ablation_{data.name}")
    return record


def ablation_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    described = record["estimators"][DEFAULTS]
    steps = described["parameters"]["max_iter"]
    n_intervals = (len(record["terms"]) + 1) * len(curve.n_labels)
    parts = [
        f"# What each part is worth: {record['data']['name']}",
        run_summary(record),
        f"Each row is `{described['text']}` with the setting named, and no other one, changed: "
        f'{steps} steps for all, the same draws of labels. (Where `balance_weight` is "auto", it '
        "goes off with the pseudo-labels.) The last row is the same network on the labelled images "
        "alone.",
        "## Test accuracy",
        "Mean over the draws and its 95 % interval.",
        _accuracy_table(record, curve),
        "## Without it, minus with it",
        "Points of accuracy, paired by draw, with 95 % intervals: below 0 where the part helps. In "
        "bold where the interval does not hold 0.",
        _difference_table(record, curve),
        "\n".join(f"- {sentence}" for sentence in _sentences(record, curve)),
        f"These are {n_intervals} intervals: where nothing differs, one in twenty leaves out 0 by "
        "chance. They tell the luck of the draw, and nothing of other test rows.",
        "## Seconds a fit",
        "Mean over the draws, and the longest.",
        _seconds_table(curve),
    ]
    return "\n\n".join(parts) + "\n"


def _setting(record: dict[str, Any], name: str) -> str:
    if name not in record["terms"]:
        return ""
    parameter, off = record["terms"][name]
    return f"`{parameter}={off!r}`"


def _accuracy_table(record: dict[str, Any], curve: LabelEfficiencyCurve) -> str:
    rows = [
        [name, _setting(record, name), *map(str, means)]
        for name, means in mean_scores(curve).items()
    ]
    return markdown_table(["method", "setting", *columns(curve)], rows)


def _difference_table(record: dict[str, Any], curve: LabelEfficiencyCurve) -> str:
    rows = [
        [name, *(mean.in_marked_points() for mean in mean_differences(curve, name, DEFAULTS))]
        for name in [*record["terms"], CNN]
    ]
    return markdown_table(["method", *columns(curve)], rows)


def _sentences(record: dict[str, Any], curve: LabelEfficiencyCurve) -> list[str]:
    """Say which parts earn their place, which cost points, and which do neither."""
    sentences = []
    for i, n_labels in enumerate(curve.n_labels):
        at_n = {name: mean_differences(curve, name, DEFAULTS)[i] for name in record["terms"]}
        worse = [name for name, difference in at_n.items() if difference.high < 0]
        better = [name for name, difference in at_n.items() if difference.low > 0]
        unclear = [name for name in at_n if name not in (*worse, *better)]
        sentences.append(
            f"{n_labels} labels: worse than the defaults: {', '.join(worse) or 'none'}; "
            f"**better** than the defaults: {', '.join(better) or 'none'}; no difference beyond "
            f"the spread of the draws: {', '.join(unclear) or 'none'}."
        )
    return sentences


def _seconds_table(curve: LabelEfficiencyCurve) -> str:
    rows = [
        [name, *(f"{seconds.mean():.1f} ({seconds.max():.1f})" for seconds in rows)]
        for name, rows in curve.fit_times.items()
    ]
    return markdown_table(["method", *columns(curve)], rows)
