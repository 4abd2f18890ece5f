"""The Markdown report of the cross-validation benchmark."""

from typing import Any

import numpy as np

from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import markdown_table, mean_of

SPLITS = 5

# Ours test labelled rows alone. Plain folds test unlabelled rows too; each counts as a mistake.
TRUTH, PLAIN, OURS = "truth", "plain folds", "SemiSupervisedKFold"
PLAIN_BEST, PLAIN_PICK = "plain folds: best score", "plain folds: its pick in truth"
OURS_BEST, OURS_PICK = "SemiSupervisedKFold: best score", "SemiSupervisedKFold: its pick in truth"
QUANTITIES = (TRUTH, PLAIN, OURS, PLAIN_BEST, PLAIN_PICK, OURS_BEST, OURS_PICK)
SCORES = (PLAIN, OURS, TRUTH)
SEARCHES = (PLAIN_BEST, PLAIN_PICK, OURS_BEST, OURS_PICK)


def cross_validation_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    grids = (
        f"- `{name}`: " + ", ".join(f"{key} in {values}" for key, values in grid.items())
        for name, grid in record["grids"].items()
    )
    parts = [
        f"# Cross-validation with few labels: {record['data']['name']}",
        run_summary(record),
        _tables(record),
        "## What was searched",
        "\n".join(grids),
    ]
    return "\n\n".join(parts) + "\n"


def _tables(record: dict[str, Any]) -> str:
    """Write the tables of the report from its record alone."""
    settings = record["settings"]
    scores, searches, gains = [], [], []
    for name, figures in record["scores"].items():
        arrays = {quantity: np.array(values) for quantity, values in figures.items()}
        for row, (size, folds) in enumerate(
            zip(settings["n_labels"], settings["n_splits"], strict=True)
        ):
            mean = {quantity: str(mean_of(values[row])) for quantity, values in arrays.items()}
            gain = mean_of(arrays[OURS_PICK][row] - arrays[TRUTH][row])
            head = [name, str(size)]
            scores.append([*head, str(folds), *(mean[q] for q in SCORES)])
            searches.append([*head, *(mean[q] for q in SEARCHES)])
            gains.append([*head, mean[TRUTH], mean[OURS_PICK], gain.in_points()])
    parts = [
        "Truth is the accuracy on the test rows of the estimator fitted to all training rows. "
        f"Plain folds are `cv={SPLITS}`; ours are as many, or as many as there are labels a class. "
        "Folds are drawn from all training rows, whatever scene or other group these come from. "
        f"Means over {settings['n_draws']} draws with 95 % intervals.",
        "## cross_val_score",
        markdown_table(["estimator", "labels", "our folds", *SCORES], scores),
        "## GridSearchCV",
        "`best_score_`, and the accuracy on the test rows of the candidate it picked.",
        markdown_table(["estimator", "labels", *SEARCHES], searches),
        "## Does a search with our folds beat the defaults?",
        "Accuracy on the test rows; the difference is paired by draw.",
        markdown_table(["estimator", "labels", "defaults", "picked", "difference"], gains),
    ]
    return "\n\n".join(parts)
