"""The command line of `benchmarks/augmentation.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .augmentation import run_augmentation
from .command_line import add_labels, make_parser, positive_integer, run_command

FIRST_SEED = 1000  # of the draws, that choose views; other reports begin at 0
VIEWS = ("shift", "shift,flip", "shift,flip,rotate90", "shift,affine", "shift,cutout")


def augmentation_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/augmentation.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/augmentation.py",
        "Compare views of the training images on training rows held out (whole groups, where they "
        "are known), so that the test rows choose nothing. Writes a JSON record and a Markdown "
        "report.",
    )
    parser.set_defaults(seed=FIRST_SEED)
    add_labels(parser, [20, 100])
    parser.add_argument(
        "--views",
        nargs="+",
        default=VIEWS,
        metavar="NAMES",
        help="sets to compare, their names joined by commas, or auto, or none; the first is what "
        f"the others are compared with (default: {' '.join(VIEWS)})",
    )
    parser.add_argument(
        "--steps",
        type=positive_integer,
        metavar="N",
        help="of every fit (default: those of the data)",
    )
    parser.add_argument(
        "--test-rows",
        action="store_true",
        help="test on the test rows, to see how far a choice goes that was made on rows held out",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        run_augmentation(
            load_benchmark_data(options.data, options.data_dir),
            options.views,
            options.labels,
            options.draws,
            run,
            steps=options.steps,
            on_test_rows=options.test_rows,
        )

    return run_command(parser, start, arguments)
