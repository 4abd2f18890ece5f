"""The command line of `benchmarks/study.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .command_line import make_parser, run_command
from .study import run_study
from .study_sections import SECTION_KEYS


def study_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/study.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/study.py",
        "Redo the findings of the 2021 lunar crater study: SGAN and CNN by number of labels, batch "
        "size, epochs, learning rate, the parts of its CNN, and what the CNN does with a fair "
        "budget. Writes a JSON record and a Markdown report.",
    )
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=SECTION_KEYS,
        metavar="NAME",
        help=f"the sections to run, of {', '.join(SECTION_KEYS)} (default: all)",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="N",
        help='numbers of labels, or "all", for every section (default: each section\'s own)',
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=1.0,
        metavar="FRACTION",
        help="multiply every number of steps and epochs, 0.1 for a quick look "
        "(default: %(default)s)",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        run_study(
            load_benchmark_data(options.data, options.data_dir),
            options.draws,
            run,
            sections=options.sections,
            n_labels=options.labels,
            budget=options.budget,
        )

    return run_command(parser, start, arguments)
