"""The Markdown report and the figure of the active-learning benchmark."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from sgan_classifier.benchmarking._held_out import HELD_OUT
from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import (
    Mean,
    best_of,
    emphasised,
    markdown_table,
    mean_differences,
    mean_of,
    mean_scores,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve
from sgan_classifier.plotting import LabelEfficiencyDisplay

RANDOM = "random"
TARGET = (60, 100)  # so many suggested labels are to be worth so many random ones


def active_report(record: dict[str, Any], figure: str) -> str:
    """Write the report from its record alone; `figure` is a path relative to it."""
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    settings = record["settings"]
    first, *others = settings["n_labels"]
    strategies = [name for name in curve.test_scores if name != RANDOM]
    parts = [
        f"# {_title(record)}",
        _summary(record),
        f"![Test accuracy against number of labels]({quote(figure)})",
        f"Every draw starts with {first} random labels and {settings['first_steps']} steps of "
        f"`{record['estimator']['text']}`. At {_listed(others)} labels, the next "
        f"{settings['next_steps']} steps go on from the weights so far: with the labels that "
        "`suggest` asked for, or with random ones, as many of each class. Both are given the same "
        "steps. These are fewer than the default, so the figures are not those of a single fit.",
        "## Test accuracy",
        "Mean over the draws and its 95 % interval.",
        _accuracy_table(curve),
        "## Suggested minus random, with as many labels",
        "Paired by draw, with 95 % intervals.",
        _difference_table(curve, strategies),
        *_target(curve),
        "## The labels that were asked for",
        "Share of the larger class among the labels, and seconds to suggest.",
        _choice_table(record, curve),
    ]
    return "\n\n".join(parts) + "\n"


def worth_sentences(curve: LabelEfficiencyCurve) -> list[str]:
    """Say for each strategy whether 60 suggested labels are worth 100 random ones."""
    few, many = TARGET
    sizes = curve.n_labels.tolist()
    if few not in sizes or many not in sizes:
        return []
    sentences = []
    for name, scores in curve.test_scores.items():
        if name == RANDOM:
            continue
        suggested, random = scores[sizes.index(few)], curve.test_scores[RANDOM][sizes.index(many)]
        difference = mean_of(suggested - random)
        sentences.append(
            f"{few} labels suggested by `{name}` {_verdict(difference, many)}: "
            f"{mean_of(suggested)} against {mean_of(random)}, {difference.in_points()}."
        )
    return sentences


def _verdict(difference: Mean, many: int) -> str:
    if math.isnan(difference.low):
        return f"against {many} random ones, from one draw, of which nothing can be said"
    if difference.low > 0:
        return f"are worth more than {many} random ones"
    if difference.high < 0:
        return f"are **not** worth {many} random ones"
    side = "above" if difference.value >= 0 else "**below**"
    return f"do as {many} random ones do, as far as these draws tell (the mean is {side})"


def save_active_figure(record: dict[str, Any], path: Path) -> None:
    """Draw the means with their intervals into a PNG file."""
    from matplotlib.figure import Figure

    # A figure of its own, not pyplot's: nothing opens a window, and nothing is left open.
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    curve = LabelEfficiencyCurve.from_dict(record["curve"])
    display = LabelEfficiencyDisplay(curve).plot(figure.subplots(), score_name="Test accuracy")
    means = np.array(list(curve.mean().values()))
    # Intervals from few draws can leave the range of an accuracy, and would squeeze the lines.
    display.ax_.set_ylim(max(0.0, means.min() - 0.03), min(1.0, means.max() + 0.03))
    display.ax_.set_title(_title(record).replace(": ", "\n"))
    figure.savefig(path, dpi=150)


def _title(record: dict[str, Any]) -> str:
    weighted = "" if record["settings"].get("class_weight") else ", class_weight=None"
    return f"Suggested against random labels: {record['data']['name']}{weighted}"


def _summary(record: dict[str, Any]) -> str:
    if record["data"]["name"].endswith(HELD_OUT):
        return run_summary(record, "held out of the training rows to choose a strategy on")
    return run_summary(record)


def _accuracy_table(curve: LabelEfficiencyCurve) -> str:
    means = mean_scores(curve)
    rows = []
    for i, n_labels in enumerate(curve.n_labels):
        column = [scores[i] for scores in means.values()]
        rows.append([str(n_labels), *(emphasised(mean, best_of(column)) for mean in column)])
    return markdown_table(["labels", *means], rows)


def _difference_table(curve: LabelEfficiencyCurve, strategies: list[str]) -> str:
    """All numbers of labels but the first, at which nothing has been suggested yet."""
    columns = {name: mean_differences(curve, name, RANDOM) for name in strategies}
    rows = []
    for i, n_labels in enumerate(curve.n_labels[1:], start=1):
        cells = []
        for name, differences in columns.items():
            wins = int((curve.test_scores[name][i] > curve.test_scores[RANDOM][i]).sum())
            cells.append(f"{differences[i].in_points()}, better in {wins} of {len(curve.seeds)}")
        rows.append([str(n_labels), *cells])
    return markdown_table(["labels", *strategies], rows)


def _target(curve: LabelEfficiencyCurve) -> list[str]:
    sentences = worth_sentences(curve)
    if not sentences:
        return []
    heading = f"## Are {TARGET[0]} suggested labels worth {TARGET[1]} random ones?"
    return [heading, "\n".join(f"- {sentence}" for sentence in sentences)]


def _choice_table(record: dict[str, Any], curve: LabelEfficiencyCurve) -> str:
    shares = record["largest_class"]
    rows = [
        [
            str(n_labels),
            *(
                f"{share[i]:.2f}, {curve.score_times[name][i].mean():.1f} s"
                for name, share in shares.items()
            ),
        ]
        for i, n_labels in enumerate(curve.n_labels)
        if i > 0
    ]
    return markdown_table(["labels", *shares], rows)


def _listed(numbers: list[int]) -> str:
    *some, last = map(str, numbers)
    return f"{', '.join(some)} and {last}" if some else last
