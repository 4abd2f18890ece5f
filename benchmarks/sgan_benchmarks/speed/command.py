"""The command line of `benchmarks/speed.py`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from sgan_classifier.benchmarking._data import DATA_VARIABLE
from sgan_classifier.benchmarking._record import recorded_command

from ..command_line import INTERRUPTED, add_out, positive_integer
from .clock import CLOCKS
from .run import SECTIONS, run_speed
from .setting import Options

PROGRAM = "python benchmarks/speed.py"


def speed_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/speed.py`; return the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(words)
    chosen = Options(
        rounds=options.rounds,
        steps=options.steps,
        threads=options.threads,
        rows=options.rows,
        map_gb=options.map_gb,
        draws=options.draws,
        jobs=options.jobs,
        max_iter=options.max_iter,
        data_dir=options.data_dir,
        folder=options.folder or Options().folder,
    )
    try:
        run_speed(
            options.sections,
            chosen,
            out=options.out,
            command=recorded_command(PROGRAM, words),
            clock=options.clock,
            verbose=not options.quiet,
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Measure speed and memory, each section against its targets. Writes speed.json "
        "and speed.md, on a CPU without AMX speed_without_amx_bf16 or speed_without_amx_fp32, "
        'after what precision="auto" is there. Sections that are not run again are kept.',
    )
    parser.add_argument(
        "--sections",
        nargs="+",
        choices=list(SECTIONS),
        default=list(SECTIONS),
        metavar="NAME",
        help=f"of {', '.join(SECTIONS)} (default: all)",
    )
    defaults = Options()
    numbers = {
        "rounds": (defaults.rounds, "rounds of each comparison, whose medians count"),
        "steps": (defaults.steps, "steps of a measurement with the default image networks"),
        "threads": (torch.get_num_threads(), "threads of torch"),
        "rows": (defaults.rows, "most rows, in predict and growth"),
        "draws": (defaults.draws, "draws of the sweep, and up to 5 in accuracy"),
        "jobs": (defaults.jobs, "fits at a time, in the sweep"),
        "max-iter": (None, "steps of the fits in accuracy and sweep, for a quick look"),
    }
    for name, (default, text) in numbers.items():
        parser.add_argument(
            f"--{name}",
            type=positive_integer,
            metavar="N",
            default=default,
            help=f"{text} (default: {default or 'those of the estimator'})",
        )
    parser.add_argument(
        "--clock",
        choices=list(CLOCKS),
        default="wall",
        help="cpu counts this process's own time, for one thread on a machine with other work "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--map-gb",
        type=float,
        default=defaults.map_gb,
        metavar="GB",
        help="size of the memory map, in memory (default: %(default)s)",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="folder of lunar_nac.npz and mnist.npz, for accuracy and sweep (default: the "
        f"environment variable {DATA_VARIABLE})",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="for temporary files (default: the system's)"
    )
    add_out(parser)
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser
