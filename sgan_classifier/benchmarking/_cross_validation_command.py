"""The command line of `benchmarks/cross_validation.py`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ._command_line import DEFAULT_OUT
from ._cross_validation import run_cross_validation, thin
from ._cross_validation_report import update_docs
from ._data import load_benchmark_data


def cross_validation_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/cross_validation.py`; return the exit status."""
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
    add("--out", type=Path, default=DEFAULT_OUT, metavar="DIR")
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
    run_cross_validation(
        data,
        options.labels,
        options.draws,
        out=options.out,
        command=shlex.join(["python", "benchmarks/cross_validation.py", *words]),
        estimators=options.estimators,
        max_iter=options.max_iter,
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=not options.quiet,
    )
    return 0
