"""The command line of `benchmarks/scan.py`."""

import argparse
from collections.abc import Sequence

from ._command import _main, _parser, _positive
from ._data import load_benchmark_data
from ._scan import DEFAULTS, run_scan
from ._scenes import load_scenes


def scan_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/scan.py`; return the exit status."""
    parser = _parser(
        "benchmarks/scan.py",
        "Find craters in a whole scene after training on few labelled patches of other scenes. "
        "Writes a JSON record, a Markdown report and a figure.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        type=_positive,
        default=[50, 1000],
        metavar="N",
        help="numbers of labelled patches (default: 50 1000)",
    )
    parser.add_argument(
        "--max-iter",
        type=_positive,
        metavar="N",
        help="steps of training, for a quick look (default: the estimator's own)",
    )
    parser.add_argument(
        "--stride",
        type=float,
        default=DEFAULTS["stride"],
        metavar="PART",
        help="from one window to the next, as a part of its side; twice as much takes a quarter of "
        "the time (default: %(default)s)",
    )

    def run(options: argparse.Namespace, command: str) -> None:
        training_scenes, test_scene = load_scenes(options.data, options.data_dir)
        run_scan(
            load_benchmark_data(options.data, options.data_dir),
            training_scenes,
            test_scene,
            options.labels,
            options.draws,
            out=options.out,
            command=command,
            n_jobs=options.jobs,
            random_state=options.seed,
            max_iter=options.max_iter,
            stride=options.stride,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)
