"""What importing the package costs beside torch and sklearn.base."""

import statistics
import subprocess
import sys

from .result import Section, Target, milliseconds
from .setting import Options

REFERENCE = "import torch, sklearn.base"
OURS = f"{REFERENCE}, sgan_classifier"
LAZY = (
    "skorch",
    "matplotlib",
    "pandas",
    "joblib.externals.loky.process_executor",
    "sklearn.metrics",
    "sklearn.preprocessing",
)
MIN_RUNS = 11  # an import takes seconds, and its time varies by more than the few % looked for


def start(options: Options) -> Section:
    """Import in fresh interpreters, with and without the package in turn; processor time."""
    seconds_of(OURS)  # compiles and reads all files once
    n_runs = max(MIN_RUNS, options.rounds)
    pairs = [(seconds_of(REFERENCE), seconds_of(OURS)) for _ in range(n_runs)]
    ratio = statistics.median(ours / reference for reference, ours in pairs)
    early = imported_too_early()
    section = Section("Start", figures={"pairs": pairs, "imported_too_early": early})
    section.targets = [
        Target(f"time of `{OURS}` over that of `{REFERENCE}`", 1.03, "at most", ratio),
        Target(
            f"modules imported too early, of {', '.join(LAZY)}", 0.0, "at most", float(len(early))
        ),
    ]
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    section.add_table(
        f"Processor time in a fresh interpreter, {n_runs} of each in turn",
        ["", "milliseconds"],
        [
            [f"`{statement}`", milliseconds(median)]
            for statement, median in zip((REFERENCE, OURS), medians, strict=True)
        ],
    )
    if early:
        section.notes.append(f"Imported too early: {', '.join(early)}.")
    return section


def seconds_of(statement: str) -> float:
    """Return the processor time that a statement takes in a new interpreter."""
    code = f"import time; start = time.process_time(); {statement}; "
    code += "print(time.process_time() - start)"
    return float(_output(code))


def imported_too_early() -> list[str]:
    """Return which modules that should wait are imported by the package itself."""
    code = f"import sys; {REFERENCE}; before = set(sys.modules); import sgan_classifier; "
    code += f"print(*sorted(set({LAZY}) & (set(sys.modules) - before)))"
    return _output(code).split()


def _output(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout
