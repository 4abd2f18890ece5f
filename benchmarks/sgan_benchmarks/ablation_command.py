"""The command line of `benchmarks/ablation.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .ablation import run_ablation
from .command_line import add_labels, make_parser, positive_integer, positive_number, run_command
from .terms import TERMS


def ablation_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/ablation.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/ablation.py",
        "Turn off one part of the SGAN at a time, on the same draws of labels. Writes a JSON "
        "record and a Markdown report.",
    )
    add_labels(parser, [20, 100])
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--steps",
        type=positive_integer,
        metavar="N",
        help="of every fit (default: as for all benchmarks on the data)",
    )
    budget.add_argument(
        "--minutes",
        type=positive_number,
        metavar="T",
        help="longest time of a fit of the defaults; a short timing run finds the steps",
    )
    parser.add_argument(
        "--terms",
        nargs="+",
        metavar="NAME",
        help="parameters to turn off, such as "
        f"{', '.join(term.parameter for term in TERMS[:3])} (default: all that are on)",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        run_ablation(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            run,
            minutes=options.minutes,
            steps=options.steps,
            terms=options.terms,
        )

    return run_command(parser, start, arguments)
