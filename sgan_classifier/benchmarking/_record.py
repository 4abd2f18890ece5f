"""What is kept of a run beside its figures: versions, machine, settings, command."""

import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn import config_context
from sklearn.base import BaseEstimator

from .. import CNNClassifier, __version__
from .._fingerprint import code_hash
from ._data import BenchmarkData

PACKAGES = ("torch", "scikit-learn", "skorch", "numpy", "scipy", "joblib")
N_PROBE_ROWS_PER_CLASS = 2
FOLDERS = ("--out", "--data-dir", "--folder")  # options that name a folder of one machine


def recorded_command(program: str, words: Sequence[str]) -> str:
    """Return the command line without the options that name folders of one machine."""
    kept, skip = [], False
    for word in words:
        name, _, value = word.partition("=")
        if not skip and name not in FOLDERS:
            kept.append(word)
        skip = not skip and name in FOLDERS and not value
    return shlex.join([*program.split(), *kept])


@dataclass(frozen=True)
class Run:
    """How a benchmark is run, and where its reports go.

    Attributes
    ----------
    out : Path
        Folder of the reports. Finished fits are kept below it, so that a stopped run goes on where
        it was.
    command : str
        The command line that makes the run again, for the record.
    n_jobs : int, default=1
        Fits at a time.
    n_threads : int, default=1
        Threads of each fit.
    random_state : int, default=0
        Seed of the first draw.
    device : str, default="auto"
    verbose : int, default=1
        0 shows no progress bar.
    code : tuple of Path, default=()
        Folders of code that figures depend on, besides this package.
    """

    out: Path
    command: str
    n_jobs: int = 1
    n_threads: int = 1
    random_state: int = 0
    device: str = "auto"
    verbose: int = 1
    code: tuple[Path, ...] = ()

    @property
    def of_fits(self) -> dict[str, Any]:
        """What `compare` is to know of it."""
        names = ("n_jobs", "n_threads", "random_state", "verbose")
        return {name: getattr(self, name) for name in names}

    def seeds(self, n_draws: int) -> range:
        """Return the seeds of the draws."""
        return range(self.random_state, self.random_state + n_draws)


def describe_run(data: BenchmarkData, run: Run, **settings: Any) -> dict[str, Any]:
    """Return the head of a JSON record.

    Parameters
    ----------
    data : BenchmarkData
    run : Run
    **settings
        Whatever else decides the figures.

    Returns
    -------
    dict
        Entries `command`, `date`, `data`, `machine`, `versions`, `settings`.
    """
    of_run = {
        name: getattr(run, name) for name in ("n_jobs", "n_threads", "random_state", "device")
    }
    return {
        "command": run.command,
        "date": date(),
        "data": {
            "name": data.name,
            "n_train": len(data.X_train),
            "n_test": len(data.X_test),
            "is_shared": data.is_shared,
            "resplits": data.resplits,
            "row_shape": list(data.X_train.shape[1:]),
            "n_classes": data.n_classes,
            "parameters": to_plain(data.parameters),
        },
        "machine": _machine(data, run.device),
        "versions": versions(*run.code),
        "settings": to_plain({**of_run, **settings}),
    }


def describe_estimator(estimator: BaseEstimator) -> dict[str, Any]:
    """Return an estimator's text (what differs from its defaults) and all its parameters."""
    parameters = estimator.get_params(deep=False)
    return {"text": to_plain(estimator), "parameters": to_plain(parameters)}


def to_plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; what it cannot is written as Python shows it."""
    if isinstance(value, dict):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    with config_context(print_changed_only=True):
        text = repr(value)
    # one line, and no address in memory, which differs from run to run
    return " ".join(re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text).split())


def write_json(record: dict[str, Any], path: Path) -> None:
    """Write a record, whole or not at all, so that a stop never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def write_results(record: dict[str, Any], report: Callable[[dict], str], stem: Path) -> None:
    """Write a record to `<stem>.json`, and then what `report` makes of it to `<stem>.md`."""
    write_json(record, Path(f"{stem}.json"))
    Path(f"{stem}.md").write_text(report(record), encoding="utf-8")


def date() -> str:
    """Return the date and time that a record bears."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def versions(*code: Path) -> dict[str, str]:
    """Return the versions of Python, of this package's code and `code`, and of other packages."""
    packages = {name: version(name) for name in PACKAGES}
    # the imported code's own version: it need not be the installed one
    own = f"{__version__} (code {code_hash(*code)})"
    return {"python": platform.python_version(), "sgan_classifier": own, **packages}


def _machine(data: BenchmarkData, device: str) -> dict[str, Any]:
    """Describe the machine; one training step on a few rows tells device and precision."""
    rows = np.concatenate(
        [
            np.flatnonzero(data.y_train == label)[:N_PROBE_ROWS_PER_CLASS]
            for label in np.unique(data.y_train)
        ]
    )
    needed = {k: v for k, v in data.parameters.items() if k in ("image_shape", "precision")}
    probe = CNNClassifier(max_iter=1, device=device, random_state=0, **needed).fit(
        data.X_train[rows], data.y_train[rows]
    )
    used = str(probe.device_)
    name = torch.cuda.get_device_name(used) if used.startswith("cuda") else processor()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "device": used,
        "device_name": name,
        "precision": probe.precision_,
        "n_cpus": os.cpu_count(),
    }


def processor() -> str:
    """Return the name of the processor."""
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or "unknown"
