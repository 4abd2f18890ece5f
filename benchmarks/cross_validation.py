"""What cross-validation says with few labels, beside the truth.

python benchmarks/cross_validation.py --help
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from sgan_classifier import SGANClassifier
from sgan_classifier.benchmarking import BenchmarkData, load_benchmark_data
from sgan_classifier.benchmarking._contenders import to_unit_rows
from sgan_classifier.benchmarking._record import describe_estimator, describe_run, write_json
from sgan_classifier.benchmarking._report import run_summary
from sgan_classifier.benchmarking._statistics import (
    markdown_table,
    mean_differences,
    mean_scores,
)
from sgan_classifier.model_selection import LabelEfficiencyCurve, SemiSupervisedKFold, mask_labels
from sgan_classifier.model_selection._curve_fit import code_hash, limit_threads

MAX_DENSE_ROWS = 2000  # above it LabelSpreading takes its sparse graph, which is faster
SPLITS = 5

# Ours test labelled rows alone. Plain folds test unlabelled rows too; each counts as a mistake.
TRUTH, PLAIN, OURS = "truth", "plain folds", "SemiSupervisedKFold"
PLAIN_BEST, PLAIN_PICK = "plain folds: best score", "plain folds: its pick in truth"
OURS_BEST, OURS_PICK = "SemiSupervisedKFold: best score", "SemiSupervisedKFold: its pick in truth"
QUANTITIES = (TRUTH, PLAIN, OURS, PLAIN_BEST, PLAIN_PICK, OURS_BEST, OURS_PICK)
SCORES = (PLAIN, OURS, TRUTH)
SEARCHES = (PLAIN_BEST, PLAIN_PICK, OURS_BEST, OURS_PICK)

_MARKED = re.compile(
    r"(?P<begin><!-- cross_validation: (?P<name>\w+) -->).*?(?P<end><!-- end of tables -->)",
    re.DOTALL,
)

Candidate = tuple[BaseEstimator, dict[str, list]]


def make_candidates(
    data: BenchmarkData, names: Sequence[str], max_iter: int | None
) -> dict[str, Candidate]:
    """Return estimators with their defaults, and the grid that is searched around these.

    Parameters
    ----------
    data : BenchmarkData
        Its `parameters` are set on SGANClassifier.
    names : sequence of str
        Which ones.
    max_iter : int or None
        Steps of SGANClassifier; None for its default.

    Returns
    -------
    dict of str to (estimator, grid)
    """
    rows = FunctionTransformer(to_unit_rows)
    dense = len(data.X_train) <= MAX_DENSE_ROWS
    spreading = LabelSpreading(kernel="rbf" if dense else "knn", max_iter=1000)
    graph = {"gamma": [1, 5, 20, 80]} if dense else {"n_neighbors": [3, 7, 15, 30]}
    self_training = SelfTrainingClassifier(LogisticRegression(max_iter=1000))
    steps: dict[str, Any] = {} if max_iter is None else {"max_iter": max_iter}
    candidates: dict[str, Candidate] = {
        "LabelSpreading": (
            make_pipeline(rows, spreading),
            {f"labelspreading__{name}": values for name, values in graph.items()}
            | {"labelspreading__alpha": [0.05, 0.2, 0.8]},
        ),
        "SelfTraining": (
            make_pipeline(rows, self_training),
            {
                "selftrainingclassifier__estimator__C": [1, 10, 100, 1000],
                "selftrainingclassifier__threshold": [0.75, 0.95],
            },
        ),
        "SGANClassifier": (
            SGANClassifier(**data.parameters, **steps),
            {"adversarial_weight": [0.03, 0.1, 0.3], "learning_rate": [5e-4, 1e-3, 2e-3]},
        ),
    }
    return {name: candidates[name] for name in names}


def thin(data: BenchmarkData, max_rows: int | None) -> BenchmarkData:
    """Keep at most `max_rows` training rows, evenly spaced; all test rows stay."""
    if max_rows is None or len(data.X_train) <= max_rows:
        return data
    kept = np.linspace(0, len(data.X_train) - 1, max_rows).astype(int)
    return replace(data, X_train=data.X_train[kept], y_train=data.y_train[kept], groups=None)


def measure(
    estimator: BaseEstimator,
    grid: dict[str, list],
    data: BenchmarkData,
    n_labels: int,
    seed: int,
    data_key: str,
) -> list[float]:
    """Return the QUANTITIES of one estimator and one draw.

    Nothing but the truth sees the test rows, and nothing sees a hidden label. `data_key` stands for
    `data` where results are stored.
    """
    y = mask_labels(data.y_train, n_labels, random_state=seed)
    estimator = clone(estimator)
    seeded = [name for name in estimator.get_params() if name.endswith("random_state")]
    estimator.set_params(**dict.fromkeys(seeded, seed))
    ours = SemiSupervisedKFold(n_splits(n_labels, data), random_state=seed)

    def truth(model: BaseEstimator) -> float:
        return model.score(data.X_test, data.y_test)

    with warnings.catch_warnings(), limit_threads(1):
        # LabelSpreading divides zero by zero for rows that its graph connects to no label.
        warnings.filterwarnings("ignore", "invalid value encountered in divide", RuntimeWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Plain folds take the unlabelled rows for one more class, a large one.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        figures = [
            truth(clone(estimator).fit(data.X_train, y)),
            cross_val_score(estimator, data.X_train, y, cv=SPLITS).mean(),
            cross_val_score(estimator, data.X_train, y, cv=ours).mean(),
        ]
        for cv in (SPLITS, ours):
            search = GridSearchCV(estimator, grid, cv=cv).fit(data.X_train, y)
            figures += [search.best_score_, truth(search.best_estimator_)]
    return figures


def n_splits(n_labels: int, data: BenchmarkData) -> int:
    """Five folds, or as many as there are labels a class."""
    return min(SPLITS, n_labels // data.n_classes)


def run(
    data: BenchmarkData,
    candidates: dict[str, Candidate],
    n_labels: Sequence[int],
    n_draws: int,
    *,
    out: Path,
    n_jobs: int,
    random_state: int,
    verbose: bool,
) -> dict[str, dict[str, list]]:
    """Measure everything; finished draws are kept below `out` for a run that goes on.

    Returns
    -------
    dict of str to dict of str to list of shape (n_sizes, n_draws)
        Figures by estimator and quantity.
    """
    memory = joblib.Memory(out / ".benchmark-cache", verbose=0)
    stored = memory.cache(measure, ignore=["data"])
    data_key = joblib.hash((code_hash(), data))
    tasks = [
        (name, size, random_state + draw)
        for name in candidates
        for size in n_labels
        for draw in range(n_draws)
    ]
    calls = (
        delayed(stored)(*candidates[name], data, size, seed, data_key) for name, size, seed in tasks
    )
    done = Parallel(n_jobs=n_jobs, return_as="generator")(calls)
    figures = np.array(list(tqdm(done, total=len(tasks), unit="draw", disable=not verbose)))
    figures = figures.reshape(len(candidates), len(n_labels), n_draws, len(QUANTITIES))
    return {
        name: {quantity: figures[i, :, :, k].tolist() for k, quantity in enumerate(QUANTITIES)}
        for i, name in enumerate(candidates)
    }


def report(record: dict[str, Any]) -> str:
    """Write the report from its record alone.

    Parameters
    ----------
    record : dict
        As it is written to the JSON file.

    Returns
    -------
    str
        Markdown.
    """
    grids = (
        f"- `{name}`: " + ", ".join(f"{key} in {values}" for key, values in grid.items())
        for name, grid in record["grids"].items()
    )
    parts = [
        f"# Cross-validation with few labels: {record['data']['name']}",
        run_summary(record),
        tables(record),
        "## What was searched",
        "\n".join(grids),
    ]
    return "\n\n".join(parts) + "\n"


def tables(record: dict[str, Any]) -> str:
    """Write the tables of the report, which the docs hold too.

    Parameters
    ----------
    record : dict
        As it is written to the JSON file.

    Returns
    -------
    str
        Markdown.
    """
    settings = record["settings"]
    scores, searches, gains = [], [], []
    for name, figures in record["scores"].items():
        arrays = {quantity: np.array(values) for quantity, values in figures.items()}
        curve = LabelEfficiencyCurve(
            np.array(settings["n_labels"]),
            np.arange(settings["n_draws"]),
            "accuracy",
            arrays,
            {},
            {},
            {},
        )
        means, differences = mean_scores(curve), mean_differences(curve, OURS_PICK, TRUTH)
        for row, (size, folds) in enumerate(
            zip(settings["n_labels"], settings["n_splits"], strict=True)
        ):
            mean = {quantity: str(values[row]) for quantity, values in means.items()}
            head = [name, str(size)]
            scores.append([*head, str(folds), *(mean[q] for q in SCORES)])
            searches.append([*head, *(mean[q] for q in SEARCHES)])
            gains.append([*head, mean[TRUTH], mean[OURS_PICK], differences[row].in_points()])
    parts = [
        "Truth is the accuracy on the test rows of the estimator fitted to all training rows. "
        f"Plain folds are `cv={SPLITS}`; ours are as many, or as many as there are labels a class. "
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


def update_docs(page: Path, out: Path) -> None:
    """Replace what stands between the markers of a page by the tables of the records.

    Parameters
    ----------
    page : Path
        Markdown with markers ``<!-- cross_validation: NAME -->`` and ``<!-- end of tables -->``.
    out : Path
        Folder of the records.
    """

    def fresh(match: re.Match[str]) -> str:
        record = json.loads((out / f"cross_validation_{match['name']}.json").read_text("utf-8"))
        # One level deeper: in the page, the tables are a part of a section.
        inner = tables(record).replace("\n## ", "\n### ")
        return f"{match['begin']}\n\n{inner}\n\n{match['end']}"

    page.write_text(_MARKED.sub(fresh, page.read_text("utf-8")), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/cross_validation.py",
        description="Compare what cross_val_score and GridSearchCV report with plain folds and "
        "with SemiSupervisedKFold to the accuracy on test rows. Writes a JSON record and a "
        "Markdown report. A run can be stopped (Ctrl-C) and started again with the same arguments.",
    )
    add = parser.add_argument
    add("--data", default="digits", help="digits, lunar_nac, mnist or PATH.npz (%(default)s)")
    add("--data-dir", help="folder of the .npz files (default: $SGAN_CLASSIFIER_DATA)")
    add("--labels", nargs="+", type=int, default=[20, 50, 100], metavar="N")
    add("--draws", type=int, default=5, metavar="N")
    add("--seed", type=int, default=0, metavar="N", help="of the first draw (%(default)s)")
    add(
        "--estimators",
        nargs="+",
        choices=["LabelSpreading", "SelfTraining", "SGANClassifier"],
        default=["LabelSpreading", "SelfTraining"],
        metavar="NAME",
        help="LabelSpreading, SelfTraining, SGANClassifier (default: the first two)",
    )
    add(
        "--max-rows",
        type=int,
        metavar="N",
        help="train on N evenly spaced rows: a search fits a hundred times (default: all rows)",
    )
    add("--max-iter", type=int, metavar="N", help="steps of SGANClassifier (default: its own)")
    add("--jobs", type=int, default=1, metavar="N", help="draws at a time (%(default)s)")
    add("--out", type=Path, default=Path("benchmarks/reports"), metavar="DIR")
    add("--quiet", action="store_true", help="show no progress bar")
    add("--update-docs", type=Path, metavar="PAGE", help="only put the records' tables into a page")
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)
    if options.update_docs:
        update_docs(options.update_docs, options.out)
        return 0
    data = thin(load_benchmark_data(options.data, options.data_dir), options.max_rows)
    if min(options.labels) < 2 * data.n_classes:
        parser.error(f"--labels: folds need at least 2 labels of each of {data.n_classes} classes")
    candidates = make_candidates(data, options.estimators, options.max_iter)
    started = time.perf_counter()
    scores = run(
        data,
        candidates,
        options.labels,
        options.draws,
        out=options.out,
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=not options.quiet,
    )
    record = describe_run(
        data,
        shlex.join(["python", "benchmarks/cross_validation.py", *words]),
        n_labels=options.labels,
        n_splits=[n_splits(size, data) for size in options.labels],
        n_draws=options.draws,
        random_state=options.seed,
        n_jobs=options.jobs,
        n_threads=1,
        max_iter=options.max_iter,
    )
    record["seconds"] = time.perf_counter() - started
    record["estimators"] = {name: describe_estimator(e) for name, (e, _) in candidates.items()}
    record["grids"] = {name: grid for name, (_, grid) in candidates.items()}
    record["scores"] = scores
    stem = options.out / f"cross_validation_{data.name}"
    write_json(record, stem.with_suffix(".json"))
    stem.with_suffix(".md").write_text(report(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
