"""The command line of `benchmarks/mnist.py`."""

import argparse
from collections.abc import Sequence

from ._command import (
    _main,
    _parser,
    _positive,
    add_cnn_budgets,
    chosen_cnn_budgets,
    positive_number,
)
from ._data import load_benchmark_data
from ._mnist import run_mnist

DEFAULT_MINUTES = (2.0, 15.0)


def mnist_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/mnist.py`; return the exit status."""
    parser = _parser(
        "benchmarks/mnist.py",
        "Measure the error on MNIST with 20 and 100 labels for budgets of time, beside the "
        "published errors. Writes a JSON record and a Markdown report.",
        data="mnist",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        type=_positive,
        default=[20, 100],
        metavar="N",
        help="numbers of labels (default: 20 100)",
    )
    budgets = parser.add_mutually_exclusive_group()
    budgets.add_argument(
        "--minutes",
        nargs="+",
        type=positive_number,
        metavar="T",
        help="longest times of a fit; a short timing run finds the steps (default: 2 15)",
    )
    budgets.add_argument(
        "--steps", nargs="+", type=_positive, metavar="N", help="numbers of steps instead"
    )
    add_cnn_budgets(parser)

    def run(options: argparse.Namespace, command: str) -> None:
        minutes = options.minutes or (() if options.steps else DEFAULT_MINUTES)
        run_mnist(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            out=options.out,
            command=command,
            minutes=minutes,
            steps=options.steps or (),
            cnn_budgets=chosen_cnn_budgets(options, is_quick_look=False),
            n_jobs=options.jobs,
            random_state=options.seed,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)
