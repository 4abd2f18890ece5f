"""What the command lines of the scripts in `benchmarks/` share."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sgan_classifier.benchmarking._data import DATA_VARIABLE, KINDS, MADE, TABLES
from sgan_classifier.benchmarking._paired_cnn import CNN_BUDGETS
from sgan_classifier.benchmarking._record import Run, recorded_command

from .stored import HERE

DEFAULT_OUT = Path("benchmarks/reports")
INTERRUPTED = 130  # the exit status that shells give a program stopped by Ctrl-C


def make_parser(script: str, description: str, data: str | None = None) -> argparse.ArgumentParser:
    """Return a parser with the options that all scripts share; `data` is the default data."""
    parser = argparse.ArgumentParser(
        prog=f"python {script}",
        description=f"{description} A run can be stopped (Ctrl-C) and started again with the same "
        "arguments: finished fits are not repeated.",
    )
    parser.add_argument(
        "--data",
        required=data is None,
        default=data,
        metavar="NAME",
        help=f"{', '.join(sorted([*KINDS, *TABLES, *MADE]))}, or PATH.npz with X_train, y_train, "
        f"X_test, y_test{'' if data is None else ' (default: %(default)s)'}",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help=f"folder of the .npz files (default: the environment variable {DATA_VARIABLE})",
    )
    parser.add_argument(
        "--draws",
        type=positive_integer,
        default=5,
        metavar="N",
        help="draws of labels a number of labels (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the first draw (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="fits at a time (default: %(default)s)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda (default: %(default)s)")
    add_out(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")
    return parser


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the folder of the reports."""
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_OUT,
        metavar="DIR",
        help="folder of the reports (default: %(default)s)",
    )


def add_labels(
    parser: argparse.ArgumentParser, default: Sequence[int], text: str = "numbers of labels"
) -> None:
    """Add the option that lists numbers of labels."""
    parser.add_argument(
        "--labels",
        nargs="+",
        type=positive_integer,
        default=default,
        metavar="N",
        help=f"{text} (default: {' '.join(map(str, default))})",
    )


def add_max_iter(parser: argparse.ArgumentParser) -> None:
    """Add the option that shortens the training of every network."""
    parser.add_argument(
        "--max-iter",
        type=positive_integer,
        metavar="N",
        help="steps of every network, for a quick look (default: that of all benchmarks)",
    )


def add_cnn_budgets(parser: argparse.ArgumentParser) -> None:
    """Add the option that gives the paired CNN a budget of its own."""
    parser.add_argument(
        "--cnn-budgets",
        nargs="*",
        type=positive_integer,
        metavar="N",
        help="numbers of steps among which the CNN chooses its own best, on draws and training "
        "rows that are not reported; none after the option: it takes as many steps as the SGAN "
        f"(default: {' '.join(map(str, CNN_BUDGETS))}; none in a quick look)",
    )


def chosen_cnn_budgets(options: argparse.Namespace, *, is_quick_look: bool) -> Sequence[int]:
    """Return what that option says."""
    if options.cnn_budgets is not None:
        return options.cnn_budgets
    return () if is_quick_look else CNN_BUDGETS


def run_command(
    parser: argparse.ArgumentParser,
    start: Callable[[argparse.Namespace, Run], Any],
    arguments: Sequence[str] | None,
) -> int:
    """Call `start` with the options, and those that all runs share; return the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)
    run = Run(
        options.out,
        recorded_command(parser.prog, words),
        n_jobs=options.jobs,
        random_state=options.seed,
        device=options.device,
        verbose=not options.quiet,
        code=(HERE,),
    )
    try:
        start(options, run)
    except KeyboardInterrupt:
        tqdm.write("Stopped. The same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    return 0


def positive_integer(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive whole number")
    return number


def positive_number(text: str) -> float:
    """Read a number above 0."""
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{number:g} is not above 0")
    return number
