"""The command line of `benchmarks/soak.py`."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sgan_classifier.benchmarking._record import (
    date,
    processor,
    recorded_command,
    to_plain,
    versions,
    write_results,
)

from .command_line import INTERRUPTED, add_out
from .long_run import run_fits
from .soak import soak
from .soak_jobs import EVERY
from .soak_report import soak_report
from .stored import HERE

NAME = "soak"


def soak_main(arguments: Sequence[str] | None = None) -> int:
    """Run `benchmarks/soak.py`; return the exit status: 1 if work was lost."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/soak.py",
        description="Kill processes that fit, search, save and load, at random, and compare what "
        "is left with jobs that were never disturbed; then fit many times in one process. Writes "
        "a JSON record and a Markdown report. Needs Linux.",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=30.0,
        metavar="N",
        help="how long to kill (default: %(default)s)",
    )
    parser.add_argument(
        "--fits",
        type=int,
        default=200,
        metavar="N",
        help="fits in one process; 0 for none (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: %(default)s)")
    add_out(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)
    try:
        record = run_soak(
            options.minutes,
            options.fits,
            out=options.out,
            command=recorded_command(parser.prog, words),
            random_state=options.seed,
            verbose=not options.quiet,
        )
    except KeyboardInterrupt:
        tqdm.write("Stopped. Nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 1 if record["soak"]["lost"] else 0


def run_soak(
    minutes: float,
    n_fits: int,
    *,
    out: Path,
    command: str,
    random_state: int = 0,
    verbose: int = 1,
) -> dict[str, Any]:
    """Run the soak and the long run, and write `soak.json` and `soak.md`.

    Parameters
    ----------
    minutes : float
        Of rounds. A round that has begun is finished.
    n_fits : int
        In one process; none if 0.
    out : Path
        Folder of the reports.
    command : str
        The command line that makes the run again.
    random_state : int
    verbose : int
        0 shows no progress bar.

    Returns
    -------
    dict
        The record.
    """
    start = time.monotonic()
    tally = soak(minutes, random_state, verbose)
    record = {
        "command": command,
        "date": date(),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "device_name": processor(),
            "n_cpus": os.cpu_count(),
        },
        "versions": versions(HERE),
        "settings": {"minutes": minutes, "n_fits": n_fits, "seed": random_state},
        "soak": {**to_plain(vars(tally)), "every": EVERY, "seconds": time.monotonic() - start},
        "long_run": run_fits(n_fits, seed=random_state) if n_fits else None,
    }
    write_results(record, soak_report, out / NAME)
    return record
