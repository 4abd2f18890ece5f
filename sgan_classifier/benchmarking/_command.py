"""The command lines of the scripts in `benchmarks/`."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from ..active import STRATEGIES
from ._active import run_active
from ._contenders import METHODS
from ._data import DATA_VARIABLE, KINDS, TABLES, load_benchmark_data
from ._held_out import hold_out_groups
from ._label_efficiency import run_label_efficiency
from ._paired_cnn import CNN_BUDGETS
from ._study import run_study
from ._study_sections import SECTION_KEYS

DEFAULT_OUT = Path("benchmarks/reports")
INTERRUPTED = 130  # the exit status that shells give a program stopped by Ctrl-C


def label_efficiency_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/label_efficiency.py`; return the exit status."""
    parser = _parser(
        "benchmarks/label_efficiency.py",
        "Compare SGANClassifier, CNNClassifier and scikit-learn's semi-supervised methods on the "
        "same draws of few labels. Writes a JSON record, a Markdown report and a figure.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        default=["10", "20", "50", "100", "1000", "all"],
        metavar="N",
        help='numbers of labels; "all" keeps every label (default: %(default)s)',
    )
    parser.add_argument(
        "--max-iter",
        type=_positive,
        metavar="N",
        help="steps of every network, for a quick look (default: each estimator's own)",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        metavar="NAME",
        help=f"of {', '.join(METHODS)} (default: all that the data allow)",
    )
    add_cnn_budgets(parser)

    def run(options: argparse.Namespace, command: str) -> None:
        run_label_efficiency(
            load_benchmark_data(options.data, options.data_dir),
            options.labels,
            options.draws,
            out=options.out,
            command=command,
            n_jobs=options.jobs,
            random_state=options.seed,
            max_iter=options.max_iter,
            methods=options.methods,
            cnn_budgets=chosen_cnn_budgets(options, is_quick_look=options.max_iter is not None),
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)


def study_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/study.py`; return the exit status."""
    parser = _parser(
        "benchmarks/study.py",
        "Redo the findings of the 2021 lunar crater study: batch size, epochs, learning rate, the "
        "parts of its CNN, and what the CNN does with a fair budget. Writes a JSON record and a "
        "Markdown report.",
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

    def run(options: argparse.Namespace, command: str) -> None:
        run_study(
            load_benchmark_data(options.data, options.data_dir),
            options.draws,
            out=options.out,
            command=command,
            sections=options.sections,
            n_labels=options.labels,
            budget=options.budget,
            n_jobs=options.jobs,
            random_state=options.seed,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)


def active_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/active.py`; return the exit status."""
    parser = _parser(
        "benchmarks/active.py",
        "Compare labels that sgan_classifier.active.suggest asks for with random ones. Writes a "
        "JSON record, a Markdown report and a figure.",
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        type=_positive,
        default=[10, 20, 40, 60, 100, 200],
        metavar="N",
        help="numbers of labels, rising (default: 10 20 40 60 100 200)",
    )
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
        type=_positive,
        default=[300, 150],
        metavar=("FIRST", "NEXT"),
        help="steps with the first labels, and after each addition (default: 300 150)",
    )
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="test on a third of the groups of the training rows, as where strategies are chosen",
    )

    def run(options: argparse.Namespace, command: str) -> None:
        data = load_benchmark_data(options.data, options.data_dir)
        run_active(
            hold_out_groups(data) if options.held_out else data,
            options.labels,
            options.strategies,
            options.draws,
            out=options.out,
            command=command,
            first_steps=options.steps[0],
            next_steps=options.steps[1],
            n_jobs=options.jobs,
            random_state=options.seed,
            device=options.device,
            verbose=not options.quiet,
        )

    return _main(parser, run, arguments)


def _parser(script: str, description: str, data: str | None = None) -> argparse.ArgumentParser:
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
        help=f"{', '.join(sorted([*KINDS, *TABLES]))}, or PATH.npz with X_train, y_train, X_test, "
        f"y_test{'' if data is None else ' (default: %(default)s)'}",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help=f"folder of the .npz files (default: the environment variable {DATA_VARIABLE})",
    )
    parser.add_argument(
        "--draws",
        type=_positive,
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
        help="fits at a time, one thread each (default: %(default)s)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda (default: %(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_OUT,
        metavar="DIR",
        help="folder of the reports (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")
    return parser


def add_cnn_budgets(parser: argparse.ArgumentParser) -> None:
    """Add the option that gives the paired CNN a budget of its own."""
    parser.add_argument(
        "--cnn-budgets",
        nargs="*",
        type=_positive,
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


def _main(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace, str], None],
    arguments: Sequence[str] | None,
) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)
    try:
        run(options, f"{parser.prog} {shlex.join(words)}")
    except KeyboardInterrupt:
        tqdm.write("Stopped. The same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    return 0


def _positive(text: str) -> int:
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
