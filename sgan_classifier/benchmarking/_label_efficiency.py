"""The label-efficiency benchmark: all methods on the same draws of labels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model_selection import LabelEfficiencyCurve
from ..plotting import LabelEfficiencyDisplay
from ._compare import cache_folder
from ._contenders import CNN, SGAN, make_contenders
from ._data import TABLES, BenchmarkData
from ._paired_cnn import choose_budgets, compare_with_own_budget
from ._record import Run, describe_estimator, describe_run, write_json
from ._report import STUDY_DATA, STUDY_SGAN, label_efficiency_report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def run_label_efficiency(
    data: BenchmarkData,
    n_labels: Sequence[int | str],
    n_draws: int,
    run: Run,
    *,
    max_iter: int | None = None,
    methods: Sequence[str] | None = None,
    cnn_budgets: Sequence[int] = (),
    balanced: bool = True,
    scoring: str = "accuracy",
) -> dict[str, Any]:
    """Compare all methods on the same draws; write record, report and figure.

    On the feature tables of `TABLES`, which came without a test set, each draw splits the rows
    anew. The CNN chooses its steps on training rows of the first split, some of which are test rows
    of other draws: that can favour nothing but the CNN.

    Parameters
    ----------
    data : BenchmarkData
    n_labels : sequence of int or "all"
        How many labels to draw; "all" keeps every label.
    n_draws : int
    run : Run
        Its `out` is the folder of `label_efficiency_<data>.json`, `.md` and `.png`.
    max_iter : int, optional
        Steps of every network, for a quick look.
    methods : sequence of str, optional
        Which methods to compare, by their keys in `METHODS`; by default all.
    cnn_budgets : sequence of int, default=()
        Numbers of steps among which the CNN chooses, for each number of labels, on draws and rows
        that are not reported. None are tried by default, and the CNN takes as many steps as the
        SGAN.
    balanced : bool, default=True
        False draws labels in the shares of the classes.
    scoring : str, default="accuracy"
        Name of the score.

    Returns
    -------
    dict
        The record, as written.
    """
    data = replace(data, resplits=data.is_shared and data.name in TABLES)
    contenders = make_contenders(data, max_iter=max_iter, device=run.device, methods=methods)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        max_iter=max_iter,
        methods=None if methods is None else list(methods),
        cnn_budgets=list(cnn_budgets),
        balanced=balanced,
        scoring=scoring,
    )
    record["estimators"] = {name: describe_estimator(est) for name, est in contenders.items()}
    started = time.perf_counter()
    running: dict[str, Any] = {
        "memory": cache_folder(run.out, record),
        "balanced": balanced,
        "scoring": scoring,
        **run.of_fits,
    }
    chosen = None
    if cnn_budgets and SGAN in contenders and CNN in contenders:
        seeds = run.seeds(n_draws)
        chosen = choose_budgets(
            contenders[CNN], data, n_labels, cnn_budgets, reported_seeds=seeds, **running
        )
        record["cnn_budgets"] = chosen
    curve = compare_with_own_budget(contenders, data, n_labels, n_draws, chosen, **running)
    record["seconds"] = time.perf_counter() - started
    record["curve"] = curve.to_dict()
    stem = f"label_efficiency_{data.name}"
    write_json(record, run.out / f"{stem}.json")
    _save_figure(curve, data.name, run.out / f"{stem}.png")
    report = label_efficiency_report(record, f"{stem}.png")
    (run.out / f"{stem}.md").write_text(report, encoding="utf-8")
    return record


def draw_accuracies(curve: LabelEfficiencyCurve, figure: Figure, title: str) -> Axes:
    """Draw the curve on an empty figure, and return its axes."""
    score_name = f"Test {curve.scoring.replace('_', ' ')}"
    ax = LabelEfficiencyDisplay(curve).plot(figure.subplots(), score_name=score_name).ax_
    lowest = min(means.min() for means in curve.mean().values())
    # Intervals from few draws can leave the range of an accuracy, and would squeeze the lines.
    ax.set_ylim(max(0.0, lowest - 0.1), 1.0)
    ax.set_title(title)
    return ax


def _save_figure(curve: LabelEfficiencyCurve, name: str, path: Path) -> None:
    from matplotlib.figure import Figure

    # A figure of its own, not pyplot's: nothing opens a window, and nothing is left open.
    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    ax = draw_accuracies(curve, figure, name)
    if name == STUDY_DATA:
        known = [n for n in curve.n_labels if int(n) in STUDY_SGAN]
        ax.plot(known, [STUDY_SGAN[int(n)] for n in known], "k*", label="the study's SGAN")
        ax.legend(frameon=False)
    figure.savefig(path, dpi=150)
