"""The command line of `benchmarks/label_efficiency.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._contenders import METHODS
from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._label_efficiency import run_label_efficiency
from sgan_classifier.benchmarking._record import Run

from .command_line import (
    add_cnn_budgets,
    add_max_iter,
    chosen_cnn_budgets,
    make_parser,
    run_command,
)


def label_efficiency_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/label_efficiency.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/label_efficiency.py",
        "Compare SGANClassifier, CNNClassifier and scikit-learn's semi-supervised methods on the "
        "same draws of few labels. Writes a JSON record, a Markdown report and a figure.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        default=["10", "20", "50", "100", "1000", "all"],
        metavar="N",
        help='numbers of labels; "all" keeps every label (default: %(default)s)',
    )
    add_max_iter(parser)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        metavar="NAME",
        help=f"of {', '.join(METHODS)} (default: all that the data allow)",
    )
    add_cnn_budgets(parser)

    def start(options: argparse.Namespace, run: Run) -> None:
        run_label_efficiency(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            run,
            max_iter=options.max_iter,
            methods=options.methods,
            cnn_budgets=chosen_cnn_budgets(options, is_quick_look=options.max_iter is not None),
        )

    return run_command(parser, start, arguments)
