"""The command line of `benchmarks/scan.py`."""

import argparse
from collections.abc import Sequence

from sgan_classifier.benchmarking._data import load_benchmark_data
from sgan_classifier.benchmarking._record import Run

from .command_line import add_labels, make_parser, positive_integer, run_command
from .scan import DEFAULTS, run_scan
from .scenes import load_scenes


def scan_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/scan.py`; return the exit status."""
    parser = make_parser(
        "benchmarks/scan.py",
        "Find craters in a whole scene after training on few labelled patches of other scenes. "
        "Writes a JSON record, a Markdown report and a figure.",
    )
    add_labels(parser, [50, 1000], "numbers of labelled patches")
    parser.add_argument(
        "--max-iter",
        type=positive_integer,
        metavar="N",
        help="steps of training, for a quick look (default: as for all benchmarks on the data)",
    )
    parser.add_argument(
        "--stride",
        type=float,
        default=DEFAULTS["stride"],
        metavar="PART",
        help="from one window to the next, as a part of its side; twice as much takes a quarter of "
        "the time (default: %(default)s)",
    )

    def start(options: argparse.Namespace, run: Run) -> None:
        training_scenes, test_scene = load_scenes(options.data, options.data_dir)
        run_scan(
            load_benchmark_data(options.data, options.data_dir),
            training_scenes,
            test_scene,
            options.labels,
            options.draws,
            run,
            max_iter=options.max_iter,
            stride=options.stride,
        )

    return run_command(parser, start, arguments)
