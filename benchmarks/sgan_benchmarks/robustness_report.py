"""The Markdown report of the robustness benchmark, written from its JSON record alone."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgan_classifier.benchmarking._contenders import CNN, SGAN
from sgan_classifier.benchmarking._run_summary import run_summary
from sgan_classifier.benchmarking._statistics import markdown_table, mean_of

from .foreign import REJECTED, SCORES, SHARE
from .pools import CLEAN, EVEN, FOREIGN, PROPORTIONAL, RATIO, TARGET

NO_BALANCE = "SGAN, balance_weight=0"
SECTIONS = ("imbalance", "foreign", "realness", "calibration", "transductive")

Figure = Callable[[dict[str, Any]], float]


def robustness_report(record: dict[str, Any]) -> str:
    """Write the report from its record alone."""
    steps = record["estimators"][SGAN]["parameters"]["max_iter"]
    writers = {
        "imbalance": _imbalance,
        "foreign": _foreign,
        "realness": _realness,
        "calibration": _calibration,
        "transductive": _transductive,
    }
    parts = [
        f"# Where assumptions fail: {record['data']['name']}",
        run_summary(record),
        f"`{record['estimators'][SGAN]['text']}` and the CNN, which is the same network on the "
        f"labelled images alone, take {steps} steps each, on the same draws of labels. Means over "
        "the draws with 95 % intervals; differences are paired by draw, and in bold where their "
        "interval does not hold 0.",
    ]
    for name in record["settings"]["sections"]:
        parts += writers[name](record)
    return "\n\n".join(parts) + "\n"


def figures_of(
    record: dict[str, Any], pool: str, method: str, n_labels: int, figure: Figure
) -> NDArray[np.float64]:
    """Return one figure of every draw of a case, (n_draws,)."""
    return np.array([figure(draw) for draw in _draws(record, pool, method, n_labels)])


def _draws(record: dict[str, Any], pool: str, method: str, n_labels: int) -> list[dict[str, Any]]:
    case = (pool, method, n_labels)
    return [d for d in record["draws"] if (d["pool"], d["method"], d["n_labels"]) == case]


def accuracy(draw: dict[str, Any]) -> float:
    """Return the accuracy on the test rows as they are."""
    return draw["accuracy"]


def balanced_accuracy(draw: dict[str, Any]) -> float:
    """Return the mean of the recalls."""
    return float(np.mean(draw["recalls"]))


def accuracy_in_proportion(draw: dict[str, Any]) -> float:
    """Return the accuracy for test rows that are classed as the pool is: recalls by shares."""
    return float(np.dot(draw["recalls"], draw["shares"]))


def rare_recall(draw: dict[str, Any]) -> float:
    """Return the mean recall of the rare classes, which are the last."""
    return float(np.mean(draw["recalls"][-(len(draw["recalls"]) // 2) :]))


def _imbalance(record: dict[str, Any]) -> list[str]:
    rare = ", ".join(map(str, record["rare_classes"]))
    parts = [
        "## Rare classes",
        f"Of each rare class ({rare}), one training row is left for {RATIO} of every other class; "
        "the test rows stay as they are. Balanced accuracy is the mean of the classes' recalls; "
        "accuracy in proportion weighs them as the classes stand in the pool.",
    ]
    for pool in (PROPORTIONAL, EVEN):
        rows = []
        for n in record["settings"]["n_labels"]:
            cnn = figures_of(record, pool, CNN, n, balanced_accuracy)
            for method in (SGAN, NO_BALANCE, CNN):
                found = figures_of(record, pool, method, n, balanced_accuracy)
                rows.append(
                    [
                        str(n),
                        method,
                        str(mean_of(found)),
                        str(mean_of(figures_of(record, pool, method, n, accuracy_in_proportion))),
                        str(mean_of(figures_of(record, pool, method, n, rare_recall))),
                        "" if method == CNN else mean_of(found - cnn).in_marked_points(),
                    ]
                )
        header = ["labels", "method", "balanced accuracy", "accuracy in proportion"]
        header += ["recall of the rare", "balanced, minus CNN"]
        parts += [f"### {pool.capitalize()}", markdown_table(header, rows)]
    return parts


def _foreign(record: dict[str, Any]) -> list[str]:
    header = ["labels", "SGAN, foreign pool", "SGAN, clean pool", "CNN"]
    header += ["foreign minus clean", "foreign minus CNN"]
    return [
        "## Foreign images in the pool",
        f"Test accuracy where {100 * SHARE:g} % of the unlabelled images are foreign "
        f"({record['foreign']}). The CNN sees no unlabelled image.",
        markdown_table(header, _against_clean_pool(record, FOREIGN)),
    ]


def _against_clean_pool(record: dict[str, Any], pool: str) -> list[list[str]]:
    """Return, for each number of labels, the SGAN's accuracy with a pool, without it, the CNN's."""
    rows = []
    for n in record["settings"]["n_labels"]:
        cases = ((pool, SGAN), (CLEAN, SGAN), (CLEAN, CNN))
        mine, *others = (figures_of(record, *case, n, accuracy) for case in cases)
        means = [str(mean_of(found)) for found in (mine, *others)]
        gains = [mean_of(mine - other).in_marked_points() for other in others]
        rows.append([str(n), *means, *gains])
    return rows


def _realness(record: dict[str, Any]) -> list[str]:
    parts = [
        "## Telling foreign images",
        "Area under the ROC curve for telling test rows from foreign images: 1 tells them apart, "
        "0.5 does not, and below that foreign images seem to belong better. By `realness`; by the "
        "highest probability of `predict_proba`; and by the features of `transform`, with "
        "scikit-learn's `LocalOutlierFactor(novelty=True)` fitted to every second training row. "
        f"The rule rejects what scores below the {100 * REJECTED:g} % quantile of the other "
        "training rows.",
    ]
    for pool in (CLEAN, FOREIGN):
        areas, rejected = [], []
        for n in record["settings"]["n_labels"]:
            draws = [draw["rejection"] for draw in _draws(record, pool, SGAN, n)]
            for kind in draws[0]["kinds"]:
                found = [draw["kinds"][kind] for draw in draws]
                areas.append([str(n), kind, *_means([figures["auc"] for figures in found])])
                rejected.append([str(n), kind, *_means([figures["rejected"] for figures in found])])
            of_test = _means([draw["rejected_test"] for draw in draws])
            rejected.append([str(n), "test rows, which belong", *of_test])
        title = "clean pool" if pool == CLEAN else f"pool with {record['foreign']}"
        parts += [
            f"### Trained with a {title}",
            markdown_table(
                ["labels", "foreign images", *(f"AUC, {name}" for name in SCORES)], areas
            ),
            markdown_table(["labels", "rejected of", *(f"by {name}" for name in SCORES)], rejected),
        ]
    return parts


def _means(draws: list[dict[str, float]]) -> list[str]:
    return [str(mean_of([draw[name] for draw in draws])) for name in SCORES]


def _calibration(record: dict[str, Any]) -> list[str]:
    rows = []
    for n in record["settings"]["n_labels"]:
        for method in (SGAN, CNN):
            error, brier, right = (
                str(mean_of(figures_of(record, CLEAN, method, n, figure)))
                for figure in (itemgetter("calibration_error"), itemgetter("brier_score"), accuracy)
            )
            rows.append([str(n), method, error, brier, right])
    header = ["labels", "method", "expected calibration error", "Brier score", "accuracy"]
    return [
        "## Do the probabilities mean what they say?",
        "On the test rows. Both are better when smaller; the Brier score is summed over classes.",
        markdown_table(header, rows),
    ]


def _transductive(record: dict[str, Any]) -> list[str]:
    header = ["labels", "SGAN, with the test images", "SGAN, without", "CNN"]
    header += ["with minus without", "with minus CNN"]
    return [
        "## The images to classify at hand in training",
        "**A setting of its own:** here the test images, without their labels, are part of the "
        "unlabelled pool (`X_unlabeled`), as they are for somebody who has the images to classify. "
        "No other figure of any report is measured like this.",
        markdown_table(header, _against_clean_pool(record, TARGET)),
    ]
