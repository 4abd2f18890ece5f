"""The Markdown report of `benchmarks/mnist.py`, written from its JSON record alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgan_classifier.benchmarking._contenders import CNN_OWN, SGAN
from sgan_classifier.benchmarking._paired_cnn import PAIRED, pair
from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import markdown_table, mean_differences
from sgan_classifier.model_selection import LabelEfficiencyCurve

from .published import LABELS, MNIST, Published

DATA = "mnist"

# labels, minutes, highest error in per cent, and whether of the mean or of the median
GOALS: tuple[tuple[int, float, float, str], ...] = (
    (20, 15, 4.8, "mean"),
    (20, 15, 2.0, "median"),
    (100, 2, 1.5, "mean"),
    (100, 15, 0.8, "mean"),
)
LEAST_OF_BUDGET = 0.7  # of a goal's time: fits of less do not say what it would have brought
STATISTICS: dict[str, Callable[[NDArray], Any]] = {"mean": np.mean, "median": np.median}


def mnist_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    name = record["data"]["name"]
    published = MNIST if name == DATA else ()
    n_labels = record["settings"]["n_labels"]
    title = f"# Test errors with few labels: {name}"
    if list(n_labels) != list(LABELS):
        title += f", {' and '.join(map(str, n_labels))} labels"
    if record["settings"]["n_threads"] > 1:
        title += f", {record['settings']['n_threads']} threads a fit"
    parts = [
        title,
        run_summary(record),
        _budget_lines(record),
        "## Test error in per cent",
        "Mean over the draws ± standard deviation, as the papers give it, and the median.",
        _error_table(record, published),
        *_notes(record, published),
        "## Every draw",
        _draw_table(record),
        "## What the unlabelled images are worth",
        "Points of accuracy, SGAN minus its CNN: the same network, with the same views of "
        "labelled images, without the unlabelled ones. "
        + _cnn_words(record)
        + "Paired by draw, with 95 % intervals.",
        _difference_table(record),
    ]
    goals = [goal for goal in GOALS if goal[0] in n_labels]
    if published and goals:
        parts += ["## Goals", _goal_table(record, goals)]
    return "\n\n".join(parts) + "\n"


def _curves(record: dict[str, Any]) -> list[tuple[str, dict[str, Any], LabelEfficiencyCurve]]:
    return [
        (_named(budget), budget, LabelEfficiencyCurve.from_dict(budget["curve"]))
        for budget in record["budgets"]
    ]


def _named(budget: dict[str, Any]) -> str:
    minutes = budget["minutes"]
    return f"{'' if minutes is None else f'{minutes:g} min, '}{budget['steps']} steps"


def _longest(curve: LabelEfficiencyCurve) -> float:
    return float(curve.fit_times[SGAN].max())


def _budget_lines(record: dict[str, Any]) -> str:
    lines = []
    for name, budget, curve in _curves(record):
        line = (
            f"- {name}: a fit of the SGAN took {curve.fit_times[SGAN].mean():.0f} seconds, the "
            f"longest {_longest(curve):.0f}"
        )
        if budget["minutes"] is not None:
            line += (
                f"; planned from {1000 * budget['seconds_a_step']:.1f} ms a step in a short timing "
                "run on this machine"
            )
            if _longest(curve) > 60 * budget["minutes"]:
                line += ". **That is longer than the budget**"
        lines.append(f"{line}.")
    return "\n".join(lines)


def _error_table(record: dict[str, Any], published: tuple[Published, ...]) -> str:
    sizes = [int(n) for n in record["settings"]["n_labels"]]
    rows = []
    for name, _, curve in _curves(record):
        errors = _errors(pair(curve)[0])
        for method, label in ((SGAN, "SGAN"), (PAIRED, "paired CNN")):
            rows.append([f"{label}, {name}", *map(_spread, errors[method])])
    rows += [[f"{p.method} [{_mark(p)}]", *(p.cell(n) for n in sizes)] for p in published]
    return markdown_table(["method", *(f"{n} labels" for n in sizes)], rows)


def _errors(curve: LabelEfficiencyCurve) -> dict[str, NDArray]:
    """Return errors in per cent, (n_sizes, n_draws), by method."""
    return {name: 100 * (1 - scores) for name, scores in curve.test_scores.items()}


def _spread(errors: NDArray) -> str:
    spread = f" ± {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
    return f"{errors.mean():.2f}{spread} (median {np.median(errors):.2f})"


def _mark(published: Published) -> int:
    sources = list(dict.fromkeys(entry.source for entry in MNIST))
    return sources.index(published.source) + 1


def _notes(record: dict[str, Any], published: tuple[Published, ...]) -> list[str]:
    if not published:
        return []
    sources = dict.fromkeys(entry.source for entry in published)
    lines = [f"{i}. {source}" for i, source in enumerate(sources, start=1)]
    views = tuple(record["data"]["parameters"]["augment"])
    text = (
        f"Here SGAN and CNN learn from views of the images, `augment={views!r}`. Figures of others "
        "are as published: other draws, networks, lengths of training, and mostly no such views."
    )
    if not all(entry.is_checked for entry in published):
        text += " Those marked † were not compared with a printed copy."
    return [text, "\n".join(lines)]


def _draw_table(record: dict[str, Any]) -> str:
    rows = []
    for name, _, curve in _curves(record):
        for method, errors in _errors(curve).items():
            for n, row in zip(curve.n_labels, errors, strict=True):
                cells = ", ".join(f"{error:.2f}" for error in row)
                rows.append([f"{method}, {name}" if method != CNN_OWN else method, str(n), cells])
    seen = list(dict.fromkeys(map(tuple, rows)))  # the CNN's own steps are the same every time
    return markdown_table(["method", "labels", "errors"], [list(row) for row in seen])


def _cnn_words(record: dict[str, Any]) -> str:
    chosen = record.get("cnn_budgets")
    if chosen is None:
        return "The CNN takes as many steps. "
    own = ", ".join(
        f"{steps} at {n} labels"
        for n, steps in zip(record["settings"]["n_labels"], chosen["chosen"], strict=True)
    )
    return (
        "The CNN is the better one, on average, of the CNN with as many steps and the CNN with its "
        f"own best number of steps ({own}), chosen from {', '.join(map(str, chosen['budgets']))} "
        f"on {chosen['held_out']} and draws that are not reported. "
    )


def _difference_table(record: dict[str, Any]) -> str:
    rows = []
    for name, _, curve in _curves(record):
        paired, names = pair(curve)
        differences = mean_differences(paired, SGAN, PAIRED)
        for n, difference, cnn in zip(curve.n_labels, differences, names, strict=True):
            which = "own best" if cnn == CNN_OWN else "equal steps"
            rows.append([name, str(n), difference.in_points(), which])
    return markdown_table(["budget", "labels", "SGAN minus CNN", "the paired CNN"], rows)


def _goal_table(record: dict[str, Any], goals: list[tuple[int, float, float, str]]) -> str:
    """Hold each goal against the longest training that stayed within the goal's time.

    Less training than the goal allows can meet it, and not fail it.
    """
    rows = []
    for n_labels, minutes, most, statistic in goals:
        within = [
            (budget["steps"], name, curve)
            for name, budget, curve in _curves(record)
            if n_labels in curve.n_labels and _longest(curve) <= 60 * minutes
        ]
        goal = [str(n_labels), f"{statistic} at most {most:g} % in {minutes:g} minutes"]
        if not within:
            rows.append([*goal, "not measured", ""])
            continue
        _, name, curve = max(within, key=lambda entry: entry[0])
        errors = _errors(curve)[SGAN][curve.n_labels.tolist().index(n_labels)]
        value = float(STATISTICS[statistic](errors))
        is_long = _longest(curve) >= LEAST_OF_BUDGET * 60 * minutes
        failed = "**not met**" if is_long else "not measured at that length"
        rows.append([*goal, f"{value:.2f} ({name})", "met" if value <= most else failed])
    return markdown_table(["labels", "goal", "measured", ""], rows)
