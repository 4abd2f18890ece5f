"""The command line of `benchmarks/robustness.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .command_line import add_labels, add_max_iter, make_parser, run_command
from .foreign import load_foreign
from .robustness import run_robustness
from .robustness_report import SECTIONS


def robustness_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/robustness.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/robustness.py",
        "Train on pools with rare classes, with foreign images and with the test images; measure "
        "how foreign images are told and what the probabilities mean. Writes a JSON record and a "
        "Markdown report.",
    )
    add_labels(parser, [20, 100])
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=SECTIONS,
        metavar="NAME",
        help=f"of {', '.join(SECTIONS)} (default: all)",
    )
    add_max_iter(parser)

    def start(options: argparse.Namespace, run: Run) -> None:
        data = load_benchmark_data(options.data, options.data_dir)
        run_robustness(
            data,
            load_foreign(data, options.data_dir),
            options.labels,
            options.draws,
            run,
            sections=options.sections,
            max_iter=options.max_iter,
        )

    return run_command(parser, start, arguments)
