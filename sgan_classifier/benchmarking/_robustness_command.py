"""The command line of `benchmarks/robustness.py`."""

import argparse
from collections.abc import Sequence

from ._command import _main, _parser, _positive
from ._data import load_benchmark_data
from ._foreign import load_foreign
from ._robustness import run_robustness
from ._robustness_report import SECTIONS


def robustness_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/robustness.py`; return the exit status."""
    parser = _parser(
        "benchmarks/robustness.py",
        "Train on pools with rare classes, with foreign images and with the test images; measure "
        "how foreign images are told and what the probabilities mean. Writes a JSON record and a "
        "Markdown report.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        type=_positive,
        default=[20, 100],
        metavar="N",
        help="numbers of labels (default: 20 100)",
    )
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=SECTIONS,
        metavar="NAME",
        help=f"of {', '.join(SECTIONS)} (default: all)",
    )
    parser.add_argument(
        "--max-iter",
        type=_positive,
        metavar="N",
        help="steps of every network, for a quick look (default: each estimator's own)",
    )

    def run(options: argparse.Namespace, command: str) -> None:
        data = load_benchmark_data(options.data, options.data_dir)
        run_robustness(
            data,
            load_foreign(data, options.data_dir),
            options.labels,
            options.draws,
            out=options.out,
            command=command,
            sections=options.sections,
            n_jobs=options.jobs,
            random_state=options.seed,
            max_iter=options.max_iter,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)
