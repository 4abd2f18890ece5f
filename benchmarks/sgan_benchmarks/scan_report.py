"""The Markdown report and the figure of the scene benchmark."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import markdown_table, mean_of
from sgan_classifier.plotting._style import COLORS
from sgan_classifier.scan._matching import HIT, IGNORED, WRONG

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MIN_DIAMETER, MIN_IOU = 12.0, 0.3  # what counts as a crater, and as a hit
TARGETS = {50: 0.55, 1000: 0.65}  # F1, by number of labels
SIZES = (12.0, 16.0, 25.0, 64.0, float("inf"))  # pixels
MEGA = 1e6


def scan_report(record: dict[str, Any], figure: str) -> str:
    """Write the report from its record alone; `figure` is a path relative to it."""
    training, test = record["scenes"]["training"], record["scenes"]["test"]
    listed = " and ".join(f"`{scene['name']}`" for scene in training)
    n_boxes = sum(scene["n_counted"] for scene in training)
    default = record["settings"]["default_threshold"]
    parts = [
        f"# Craters found in a whole scene: {record['data']['name']}",
        run_summary(record),
        f"- Estimator: `{record['estimator']['text']}`. From one window to the next: "
        f"{record['settings']['stride']:g} of its side.",
        f"![Cumulative numbers of craters by diameter, and the scene]({quote(figure)})",
        f"Each draw trains on so many labelled patches, all other training patches unlabelled, and "
        f"scans `{test['name']}` ({test['width']}x{test['height']} pixels), of which no patch was "
        f"trained on: {test['n_counted']} annotated craters of a mean side of at least "
        f"{MIN_DIAMETER:.0f} pixels. A hit overlaps one of them by an intersection over union of "
        f"at least {MIN_IOU}, each crater counts once, and hits on smaller annotated craters count "
        "neither way, nor are they among those found in the figure.",
        "## With a threshold chosen on training scenes",
        f"The threshold of best F1 on {listed}, which training patches were cut from. **This uses "
        f"the annotation of these two scenes, {n_boxes} craters, beside the labels:** one number "
        "is learnt from it. Means over the draws with their 95 % intervals.",
        _table(record, "chosen"),
        "\n".join(f"- {sentence}" for sentence in target_sentences(record)),
        "## With the default threshold",
        f"The scan's default, {default}, was set once on these training scenes, with models that "
        "had learnt from the patches of the other training scenes. It uses no annotation beside "
        "the labels when a model is trained on other labels.",
        _table(record, "default"),
        "## On the scenes that the threshold was chosen on",
        "Patches of them were trained on, so this flatters.",
        _table(record, "training_scenes"),
        "## Craters of each size",
        "With the threshold chosen on training scenes: how many are reported, and how many of "
        "these are right, means over the draws. The size is the one reported, and the annotated "
        "mean side.",
        sizes_table(record),
        "## Beside these",
        _others(record, test["width"] * test["height"]),
    ]
    return "\n\n".join(parts) + "\n"


def target_sentences(record: dict[str, Any]) -> list[str]:
    """Say for each number of labels whether F1 is what was aimed at."""
    sentences = []
    for n_labels in record["settings"]["n_labels"]:
        if n_labels in TARGETS:
            f1, target = mean_of(values(record, n_labels, "chosen", "f1")), TARGETS[n_labels]
            verdict = "reaches" if f1.value >= target else "does **not** reach"
            sentences.append(f"{n_labels} labels: F1 {f1} {verdict} the target of {target}.")
    return sentences


def values(record: dict[str, Any], n_labels: int, *keys: str) -> NDArray[np.float64]:
    """Return one figure of every draw of a number of labels."""
    found = []
    for draw in record["draws"]:
        if draw["n_labels"] == n_labels:
            entry = draw
            for key in keys:
                entry = entry[key]
            found.append(entry)
    return np.array(found, dtype=float)


def _table(record: dict[str, Any], kind: str) -> str:
    rows = []
    for n_labels in record["settings"]["n_labels"]:
        f1 = values(record, n_labels, kind, "f1")
        cells = [
            str(mean_of(values(record, n_labels, kind, k))) for k in ("precision", "recall", "f1")
        ]
        rows.append([str(n_labels), *cells, f"{f1.min():.3f} to {f1.max():.3f}"])
    return markdown_table(["labels", "precision", "recall", "F1", "F1 of the draws"], rows)


def sizes_table(record: dict[str, Any]) -> str:
    """Count craters by size: those annotated, those reported, and those reported rightly."""
    annotated, _ = np.histogram(record["scenes"]["test"]["sides"], SIZES)
    header, columns = ["diameter in pixels", "annotated"], [[str(count) for count in annotated]]
    for n_labels in record["settings"]["n_labels"]:
        draws = [draw for draw in record["draws"] if draw["n_labels"] == n_labels]
        for outcomes in ((HIT, WRONG), (HIT,)):
            counts = [
                np.histogram(
                    np.array(draw["found"]["diameter"])[np.isin(draw["outcome"], outcomes)], SIZES
                )[0]
                for draw in draws
            ]
            columns.append([f"{count:.1f}" for count in np.mean(counts, axis=0)])
        header += [f"reported, {n_labels} labels", "right"]
    names = [f"{least:.0f} to {most:.0f}" for least, most in pairwise(SIZES[:-1])]
    names.append(f"{SIZES[-2]:.0f} and more")
    return markdown_table(header, [list(row) for row in zip(names, *columns, strict=True)])


def _others(record: dict[str, Any], n_pixels: int) -> str:
    rows = []
    for n_labels in record["settings"]["n_labels"]:
        threshold = values(record, n_labels, "threshold")
        speed = n_pixels / MEGA / (values(record, n_labels, "scan_seconds") / 60)
        rows.append(
            [
                str(n_labels),
                f"{threshold.min():.3f} to {threshold.max():.3f}",
                str(mean_of(values(record, n_labels, "patch_accuracy"))),
                f"{values(record, n_labels, 'fit_seconds').mean():.0f}",
                f"{values(record, n_labels, 'n_windows').mean():,.0f}",
                f"{speed.mean():.2f}",
            ]
        )
    header = [
        "labels",
        "chosen thresholds",
        "accuracy on test patches",
        "seconds to fit",
        "windows in the scene",
        "megapixels a minute, one thread",
    ]
    return markdown_table(header, rows)


def save_scan_figure(
    record: dict[str, Any], image: Path, boxes: NDArray[np.float64], path: Path
) -> None:
    """Draw the size-frequency distributions, and the scene with what was found, into a PNG."""
    from matplotlib.figure import Figure

    # A figure of its own, not pyplot's: nothing opens a window, and nothing is left open.
    figure = Figure(figsize=(11.0, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_size_frequency(left, record, boxes)
    _draw_scene(right, record, image, boxes)
    figure.savefig(path, dpi=130)


def _draw_size_frequency(ax: Axes, record: dict[str, Any], boxes: NDArray[np.float64]) -> None:
    annotated = _mean_sides(boxes)
    annotated = annotated[annotated >= MIN_DIAMETER]
    edges = MIN_DIAMETER * 2 ** (np.arange(9) / 2)  # bins of root 2, as is the custom
    counts = np.array([(annotated >= edge).sum() for edge in edges])
    edges, counts = edges[counts > 0], counts[counts > 0]
    # of a Poisson count; cut off where it would reach zero, which has no place on this axis
    error = np.stack([np.minimum(np.sqrt(counts), 0.9 * counts), np.sqrt(counts)])
    ax.errorbar(edges, counts, error, fmt="ks", label="annotated", capsize=2, zorder=3)
    for color, n_labels in zip(COLORS, record["settings"]["n_labels"], strict=False):
        draws = [draw for draw in record["draws"] if draw["n_labels"] == n_labels]
        fine = np.geomspace(MIN_DIAMETER, annotated.max(), 100)
        sizes = [np.array(d["found"]["diameter"])[_counts(d)] for d in draws]
        found = np.array([[(size >= edge).sum() for edge in fine] for size in sizes])
        ax.plot(
            fine,
            np.maximum(found.mean(axis=0), 0.5),
            color=color,
            label=f"found, {n_labels} labels",
        )
        ax.fill_between(
            fine,
            np.maximum(found.min(axis=0), 0.5),
            np.maximum(found.max(axis=0), 0.5),
            color=color,
            alpha=0.25,
            linewidth=0,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ticks = [12, 20, 50, 100, 200]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xlim(MIN_DIAMETER * 0.95, max(annotated.max(), ticks[-2]) * 1.1)
    ax.set_xlabel("Diameter D in pixels")
    ax.set_ylabel("Craters of diameter D or more")
    ax.set_title(f"{record['scenes']['test']['name']}: mean and range of the draws", fontsize=10)
    ax.legend(frameon=False)


def _counts(draw: dict[str, Any]) -> NDArray[np.bool_]:
    """Tell which candidates are right or wrong, and not hits on craters too small to count."""
    return np.array(draw["outcome"]) != IGNORED


def _draw_scene(ax: Axes, record: dict[str, Any], image: Path, boxes: NDArray[np.float64]) -> None:
    from matplotlib.collections import EllipseCollection
    from PIL import Image

    most = max(record["settings"]["n_labels"])
    draw = next(draw for draw in record["draws"] if draw["n_labels"] == most)
    with Image.open(image) as picture:
        shown = np.asarray(picture)
    height, width = shown.shape
    ax.imshow(shown, cmap="gray", extent=(0, width, height, 0))
    x, y, diameter = (np.array(draw["found"][name]) for name in ("x", "y", "diameter"))
    outcome = np.array(draw["outcome"])
    sides = _mean_sides(boxes)
    counted = boxes[sides >= MIN_DIAMETER]
    centres = counted[:, :2] + 0.5 * counted[:, 2:]
    groups = [("annotated", centres[:, 0], centres[:, 1], sides[sides >= MIN_DIAMETER], "white")]
    for label, kind, color in (("hit", HIT, COLORS[4]), ("wrong", WRONG, COLORS[1])):
        chosen = outcome == kind
        groups.append((label, x[chosen], y[chosen], diameter[chosen], color))
    for label, group_x, group_y, sizes, color in groups:
        circles = EllipseCollection(
            sizes,
            sizes,
            np.zeros(len(sizes)),
            units="xy",
            offsets=np.column_stack([group_x, group_y]),
            offset_transform=ax.transData,
            facecolors="none",
            edgecolors=color,
            linewidths=0.5 if label == "annotated" else 0.9,
        )
        ax.add_collection(circles)
        ax.plot([], [], color=color, label=label)
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_title(f"{most} labels, first draw", fontsize=10)
    legend = ax.legend(loc="lower right", fontsize=8)
    legend.get_frame().set_facecolor("gray")


def _mean_sides(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return boxes[:, 2:].mean(axis=1)
