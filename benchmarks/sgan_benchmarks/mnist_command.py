"""The command line of `benchmarks/mnist.py`."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .command_line import (
    add_cnn_budgets,
    add_labels,
    chosen_cnn_budgets,
    make_parser,
    positive_integer,
    positive_number,
    run_command,
)
from .mnist import run_mnist
from .published import LABELS

DEFAULT_MINUTES = (2.0, 15.0)


def mnist_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/mnist.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/mnist.py",
        "Measure the error on MNIST with 20 and 100 labels for budgets of time, beside the "
        "published errors. Writes a JSON record and a Markdown report.",
        data="mnist",
    )
    add_labels(parser, LABELS)
    budgets = parser.add_mutually_exclusive_group()
    budgets.add_argument(
        "--minutes",
        nargs="+",
        type=positive_number,
        metavar="T",
        help="longest times of a fit; a short timing run finds the steps (default: 2 15)",
    )
    budgets.add_argument(
        "--steps", nargs="+", type=positive_integer, metavar="N", help="numbers of steps instead"
    )
    parser.add_argument(
        "--threads",
        type=positive_integer,
        default=1,
        metavar="N",
        help="threads of each fit (default: %(default)s)",
    )
    add_cnn_budgets(parser)

    def start(options: argparse.Namespace, run: Run) -> None:
        minutes = options.minutes or (() if options.steps else DEFAULT_MINUTES)
        run_mnist(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            replace(run, n_threads=options.threads),
            minutes=minutes,
            steps=options.steps or (),
            cnn_budgets=chosen_cnn_budgets(options, is_quick_look=False),
        )

    return run_command(parser, start, arguments)
