"""`sgan-classifier evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..exceptions import InvalidInputError
from ._common import (
    ForceOption,
    ModelArgument,
    QuietOption,
    check_output,
    count_classes,
    load_model,
    nicely_interrupted,
    say,
    warn_of_skipped,
)

if TYPE_CHECKING:
    from .._base import BaseImageClassifier


def evaluate(
    model: ModelArgument,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds a folder of images for each class.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the figures as JSON, too."),
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how often a model is right on labelled images.

    FOLDER holds a folder for each class, named as in the training; its folder "unlabeled" is left
    out. Images that the model was trained on, with a label, flatter it: test on others, if possible
    of another place or another day.

    Shows the accuracy with its 95 % interval, the precision and recall of each class, and
    which class is taken for which. "-" (in the JSON: null) stands for the recall of a class without
    images, and for the precision of one that the model never answers.

    \b
    Example:
      sgan-classifier evaluate m.safetensors test-images
    """
    from ..datasets._image_folder import drop_empty_classes
    from ..datasets._image_list import list_images
    from ._model_images import predict_batches

    if output is not None:
        check_output(output, force)
    estimator = load_model(model)
    listed = list_images(folder, labeled=True)
    class_names, y = drop_empty_classes(listed.class_names, np.array(listed.codes), listed.skipped)
    codes = _codes_of_model(estimator, folder, class_names)
    labelled = np.flatnonzero(y >= 0)
    files = [listed.files[i] for i in labelled]
    truth: list[int] = []
    answers: list[int] = []
    with nicely_interrupted("Nothing has been written."):
        for rows, _, probabilities in predict_batches(
            estimator, folder, files, listed.skipped, quiet=quiet
        ):
            truth.extend(codes[y[labelled[row]]] for row in rows)
            answers.extend(probabilities.argmax(axis=1).tolist())
    warn_of_skipped(folder, listed.skipped)
    if not truth:
        raise InvalidInputError(f"{folder} holds no labelled image that can be read.")
    names = [str(name) for name in estimator.classes_]
    say(f"{folder}: {count_classes(truth, names)}")
    figures = _figures(np.array(truth), np.array(answers), names)
    _show(figures)
    if output is not None:
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        say(f"\nSaved {output}")


def _codes_of_model(
    estimator: BaseImageClassifier, folder: Path, class_names: list[str]
) -> list[int]:
    """Return the place of each class folder among the classes of the model."""
    known = [str(name) for name in estimator.classes_]
    unknown = [name for name in class_names if name not in known]
    if unknown:
        raise InvalidInputError(
            f"{folder} has the class {unknown[0]!r}, but the model knows {', '.join(known)}. "
            "Rename the folder, or move it out."
        )
    return [known.index(name) for name in class_names]


def _figures(truth: np.ndarray, answers: np.ndarray, names: list[str]) -> dict[str, Any]:
    from scipy.stats import binomtest
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    right = int((truth == answers).sum())
    codes = list(range(len(names)))
    precision, recall, _, support = precision_recall_fscore_support(
        truth, answers, labels=codes, zero_division=np.nan
    )
    low, high = binomtest(right, len(truth)).proportion_ci(method="wilson")
    return {
        "n_images": len(truth),
        "accuracy": right / len(truth),
        "accuracy_interval": [float(low), float(high)],
        "classes": {
            name: {"n": int(n), "precision": _or_none(p), "recall": _or_none(r)}
            for name, n, p, r in zip(names, support, precision, recall, strict=True)
        },
        "confusion": confusion_matrix(truth, answers, labels=codes).tolist(),
    }


def _or_none(share: float) -> float | None:
    """Return a share, or None for one of nothing."""
    return None if np.isnan(share) else float(share)


def _show(figures: dict[str, Any]) -> None:
    low, high = figures["accuracy_interval"]
    names = list(figures["classes"])
    say(f"\nAccuracy {figures['accuracy']:.3f} (95 % interval {low:.3f} to {high:.3f})\n")
    table = [["class", "images", "precision", "recall", *(f"as {name}" for name in names)]]
    for name, row in zip(names, figures["confusion"], strict=True):
        entry = figures["classes"][name]
        counts = [str(count) for count in row]
        scores = [
            "-" if score is None else f"{score:.3f}"
            for score in (entry["precision"], entry["recall"])
        ]
        table.append([name, str(entry["n"]), *scores, *counts])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        say("   ".join([line[0].ljust(widths[0]), *cells]).rstrip())
