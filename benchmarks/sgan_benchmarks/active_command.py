"""The command line of `benchmarks/active.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.active import STRATEGIES
from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._held_out import hold_out_groups
from sgan_classifier.benchmarking._record import Run

from .active import run_active
from .command_line import add_labels, make_parser, positive_integer, run_command


def active_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/active.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/active.py",
        "Compare labels that sgan_classifier.active.suggest asks for with random ones. Writes a "
        "JSON record, a Markdown report and a figure.",
    )
    add_labels(parser, [10, 20, 40, 60, 100, 200], "numbers of labels, rising")
    parser.add_argument(
        "--strategies",
        nargs="+",
        choices=list(STRATEGIES),
        default=["margin"],
        metavar="NAME",
        help=f"of {', '.join(STRATEGIES)} (default: margin)",
    )
    parser.add_argument(
        "--steps",
        nargs=2,
        type=positive_integer,
        default=[300, 150],
        metavar=("FIRST", "NEXT"),
        help="steps with the first labels, and after each addition (default: 300 150)",
    )
    parser.add_argument(
        "--class-weight",
        choices=["balanced", "none"],
        default="balanced",
        help="of the SGAN, whichever way its labels come (default: balanced)",
    )
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="test on a third of the groups of the training rows, as where strategies are chosen",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        data = load_benchmark_data(options.data, options.data_dir)
        run_active(
            hold_out_groups(data) if options.held_out else data,
            options.labels,
            options.strategies,
            options.draws,
            run,
            first_steps=options.steps[0],
            next_steps=options.steps[1],
            class_weight=None if options.class_weight == "none" else options.class_weight,
        )

    return run_command(parser, start, arguments)
