"""The command line of `benchmarks/ablation.py`."""

import argparse
from collections.abc import Sequence

from ._ablation import run_ablation
from ._command import _main, _parser, _positive, positive_number
from ._data import load_benchmark_data
from ._terms import TERMS


def ablation_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/ablation.py`; return the exit status."""
    parser = _parser(
        "benchmarks/ablation.py",
        "Turn off one part of the SGAN at a time, on the same draws of labels. Writes a JSON "
        "record and a Markdown report.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        type=_positive,
        default=[20, 100],
        metavar="N",
        help="numbers of labels (default: 20 100)",
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--steps", type=_positive, metavar="N", help="of every fit (default: the estimator's own)"
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

    def run(options: argparse.Namespace, command: str) -> None:
        run_ablation(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            out=options.out,
            command=command,
            minutes=options.minutes,
            steps=options.steps,
            terms=options.terms,
            n_jobs=options.jobs,
            random_state=options.seed,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)
