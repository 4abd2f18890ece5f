"""The command line of `benchmarks/cross_validation.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .command_line import add_labels, make_parser, positive_integer, run_command
from .cross_validation import run_cross_validation, thin

ESTIMATORS = ("LabelSpreading", "SelfTraining", "SGANClassifier")


def cross_validation_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/cross_validation.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/cross_validation.py",
        "Compare what cross_val_score and GridSearchCV report with plain folds and with "
        "SemiSupervisedKFold to the accuracy on test rows. Writes a JSON record and a Markdown "
        "report.",
        data="digits",
    )
    add_labels(parser, [20, 50, 100])
    parser.add_argument(
        "--estimators",
        nargs="+",
        choices=ESTIMATORS,
        default=ESTIMATORS[:2],
        metavar="NAME",
        help=f"of {', '.join(ESTIMATORS)} (default: the first two)",
    )
    parser.add_argument(
        "--max-rows",
        type=positive_integer,
        metavar="N",
        help="train on N evenly spaced rows: a search fits a hundred times (default: all rows)",
    )
    parser.add_argument(
        "--max-iter",
        type=positive_integer,
        metavar="N",
        help="steps of SGANClassifier (default: as for all benchmarks on the data)",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        run_cross_validation(
            thin(load_benchmark_data(options.data, options.data_dir), options.max_rows),
            options.labels,
            options.draws,
            run,
            estimators=options.estimators,
            max_iter=options.max_iter,
        )

    return run_command(parser, start, arguments)
