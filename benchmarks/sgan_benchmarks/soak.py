"""The soak: fits, searches, saves and loads in processes that are killed, and what is left after.

A round is one job in a folder of its own. It is struck by faults up to a few times, started anew
after each as a user would, and left alone at last. Then its end must be that of the same job never
disturbed, bit for bit, and no file of the library's may be left but what the job was to make.
"""

import itertools
import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from sgan_classifier import persistence
from sgan_classifier._checkpoint import FILE
from sgan_classifier._threads import limit_threads
from sgan_classifier.exceptions import ModelFileError

from . import soak_jobs as jobs
from .soak_jobs import ANY_TIME, EVERY, MODEL, PAIR, RESULT, SCORES, STEPS, Fault

MAX_FAULTS = 3  # in a round
LIMIT = 120.0  # seconds after which a job counts as hanging
DAY = 24 * 3600.0
ENDED = {0: "it had ended", jobs.INTERRUPTED: "SIGINT"} | {
    -getattr(signal, name): name for name in jobs.SIGNALS if hasattr(signal, name)
}


@dataclass
class Tally:
    """What has been seen so far."""

    rounds: Counter = field(default_factory=Counter)
    faults: Counter = field(default_factory=Counter)
    checks: Counter = field(default_factory=Counter)
    missed: int = 0
    steps_done: int = 0
    steps_repeated: int = 0
    most_repeated: int = 0
    temporary_files: int = 0
    lost: list[dict[str, Any]] = field(default_factory=list)


class Soak:
    """Strikes jobs and compares what they leave.

    Parameters
    ----------
    home : Path
        An empty folder for all files.
    seed : int
        Of jobs and faults. When a signal reaches a process also hangs on the machine.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self.home, self.seed = home, seed
        self.rng = np.random.default_rng(seed)
        self.tally = Tally()
        # a server that has imported torch, and never computed: its forks start at once, and safely
        self.context = multiprocessing.get_context("forkserver")
        # by what the jobs import: the server does not find the module of the jobs itself
        preloaded = ["sgan_classifier.persistence", "sgan_classifier.model_selection"]
        preloaded += ["sklearn.model_selection", "skorch.callbacks"]
        self.context.set_forkserver_preload(preloaded)
        self.seconds: dict[tuple[str, str], float] = {}

    def run(self, minutes: float, bar: Any = None) -> Tally:
        """Run rounds until the time is up, each job and variant in turn."""
        end, shown = time.monotonic() + 60 * minutes, time.monotonic()
        for number, (job, variant) in enumerate(self._rounds()):
            if time.monotonic() >= end:
                break
            self._round(job, variant, self.home / f"round-{number}")
            self.tally.rounds[job] += 1
            if bar is not None:
                bar.update(min(time.monotonic(), end) - shown)
                bar.set_postfix(
                    faults=self.tally.faults.total(), lost=len(self.tally.lost), refresh=False
                )
                shown = time.monotonic()
        return self.tally

    def _rounds(self) -> Iterator[tuple[str, str]]:
        pairs = [(job, variant) for job in jobs.JOBS for variant in jobs.VARIANTS]
        while True:
            yield from (pairs[i] for i in self.rng.permutation(len(pairs)))

    def _round(self, job: str, variant: str, folder: Path) -> None:
        folder.mkdir()
        reference = self._reference(job, variant)
        if job == "saves and loads":
            for name in (*PAIR, MODEL):
                (folder / name).write_bytes((reference / name.replace(MODEL, PAIR[0])).read_bytes())
        for _ in range(self.rng.integers(1, MAX_FAULTS + 1)):
            fault = self._draw_fault(job, self.seconds[job, variant])
            status = self._start(job, folder, variant, fault)
            cause = ENDED.get(status, f"status {status}")
            about = {"job": job, "variant": variant, "round": folder.name} | asdict(fault)
            if status == 0:
                self.tally.missed += 1
                break
            if status not in ENDED:
                self._lose(about, _error(folder) or f"ended with {cause}")
                return
            self.tally.faults[f"{cause} {fault.moment}"] += 1
            self._check_files(job, variant, folder, reference, about)
        about = {"job": job, "variant": variant, "round": folder.name}
        self._finish(job, variant, folder, reference, about)

    def _draw_fault(self, job: str, seconds: float) -> Fault:
        moment = self.rng.choice([ANY_TIME, ANY_TIME, *jobs.MOMENTS])
        # a fit writes some files, a search and a loop of saves many
        most = 20 if job == "saves and loads" else 10
        return Fault(
            signal=str(self.rng.choice(jobs.SIGNALS)),
            moment=str(moment),
            delay=float(self.rng.uniform(0, 1.1 * seconds)),
            nth_call=int(self.rng.integers(1, most + 1)),
        )

    def _start(
        self,
        job: str,
        folder: Path,
        variant: str,
        fault: Fault | None,
        checkpoint: bool = True,
    ) -> int:
        """Run a job in a process of its own, strike it, and return how it ended."""
        reader, writer = self.context.Pipe(duplex=False)
        process = self.context.Process(
            target=jobs.run_job, args=(writer, job, folder, variant, self.seed, fault, checkpoint)
        )
        process.start()
        writer.close()
        with reader:
            reader.poll(LIMIT)
        if fault is not None and fault.moment == ANY_TIME:
            process.join(fault.delay)
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, getattr(signal, fault.signal))
        process.join(LIMIT)
        if process.is_alive():
            process.kill()
            process.join()
            (folder / jobs.ERROR).write_text(f"It hung for {LIMIT:.0f} seconds.", encoding="utf-8")
            return jobs.FAILED
        assert process.exitcode is not None
        return process.exitcode

    def _reference(self, job: str, variant: str) -> Path:
        """Return the folder of the same job done without checkpoints and never disturbed."""
        folder = self.home / f"{job} {variant}"
        if not folder.exists():
            folder.mkdir()
            start = time.monotonic()
            if job == "saves and loads":
                for name, seed in zip(PAIR, (self.seed, self.seed + 1), strict=True):
                    X, y = jobs.make_rows(variant)
                    with limit_threads(1):
                        model = jobs.make_estimator(variant, seed).fit(X, y)
                    persistence.save(model, folder / name)
                self.seconds[job, variant] = 0.5
            else:
                status = self._start(job, folder, variant, None, checkpoint=False)
                if status:
                    raise RuntimeError(f"{job} fail undisturbed: {_error(folder)}")
                self.seconds[job, variant] = time.monotonic() - start
        return folder

    # ------------------------------------------------------------------ what must be true

    def _check_files(
        self, job: str, variant: str, folder: Path, reference: Path, about: dict[str, Any]
    ) -> None:
        """After a fault, each file is the old or the new one, whole."""
        self.tally.temporary_files += len(_temporary_files(folder))
        if job == "saves and loads":
            if not any(_same_model(folder / MODEL, reference / name, variant) for name in PAIR):
                self._lose(about, "the file holds neither the old nor the new model")
            self.tally.checks["model files loaded after a fault, predictions equal"] += 1
        elif (folder / RESULT).exists():
            if not _same_model(folder / RESULT, reference / RESULT, variant):
                self._lose(about, "the saved model is another")
            self.tally.checks["model files loaded after a fault, predictions equal"] += 1

    def _finish(
        self, job: str, variant: str, folder: Path, reference: Path, about: dict[str, Any]
    ) -> None:
        """Start a last time, undisturbed, and compare the end with that of the reference."""
        _set_clocks_back(folder)
        if job == "saves and loads":
            persistence.save(persistence.load(folder / PAIR[0]), folder / MODEL)
            kept = {*PAIR, MODEL}
        else:
            status = self._start(job, folder, variant, None)
            if status:
                self._lose(about, _error(folder) or f"ended with status {status}")
                return
            kept = {RESULT, STEPS, SCORES, "checkpoint"}
            if not _same_model(folder / RESULT, reference / RESULT, variant):
                self._lose(about, "the end is not that of the job never stopped")
            self.tally.checks[f"{job} gone on with, weights equal at the end"] += 1
        if job == "searches":
            if (folder / SCORES).read_bytes() != (reference / SCORES).read_bytes():
                self._lose(about, "the scores are not those of the search never stopped")
        elif job == "checkpointed fits":
            self._count_steps(folder, reference, about)
        left = sorted(path.name for path in folder.iterdir() if path.name not in kept)
        left += sorted(path.name for path in (folder / "checkpoint").rglob("*"))
        if left:
            self._lose(about, f"files were left: {', '.join(left)}")
        self.tally.checks["folders clean at the end"] += 1

    def _count_steps(self, folder: Path, reference: Path, about: dict[str, Any]) -> None:
        """No process may begin more than a checkpoint's distance behind the one before it.

        Unless that one had ended its fit and was stopped before it had saved the model: then there
        is no checkpoint any more.
        """
        steps = [int(line) for line in (folder / STEPS).read_text().split()]
        last = int((reference / STEPS).read_text().split()[-1])
        self.tally.steps_done += len(steps)
        for before, after in itertools.pairwise(steps):
            repeated = before + 1 - after
            if repeated > 0:
                self.tally.steps_repeated += repeated
                if before < last:
                    self.tally.most_repeated = max(self.tally.most_repeated, repeated)
                    if repeated > EVERY:
                        self._lose(about, f"{repeated} steps were done again: {FILE} was lost")
            elif repeated < 0:
                self._lose(about, f"steps {before + 1} to {after - 1} were left out")

    def _lose(self, about: dict[str, Any], what: str) -> None:
        self.tally.lost.append({**about, "what": what})


def soak(minutes: float, seed: int, verbose: int = 1) -> Tally:
    """Run a soak in a temporary folder, and return what was seen."""
    with tempfile.TemporaryDirectory() as home:
        bar = tqdm(total=round(60 * minutes), unit="s", disable=not verbose)
        with bar:
            return Soak(Path(home), seed).run(minutes, bar)


def _same_model(path: Path, other: Path, variant: str) -> bool:
    """Whether two files hold the same weights, which predict the same, bit for bit."""
    X, _ = jobs.make_rows(variant)
    try:
        models = [persistence.load(path), persistence.load(other)]
    except (ModelFileError, OSError):
        return False
    states = [
        {
            f"{name}.{key}": value
            for name in ("module_", "average_", "generator_", "generator_average_")
            if hasattr(model.net_, name)
            for key, value in getattr(model.net_, name).state_dict().items()
        }
        for model in models
    ]
    return (
        states[0].keys() == states[1].keys()
        and all(torch.equal(value, states[1][key]) for key, value in states[0].items())
        and np.array_equal(models[0].predict_proba(X), models[1].predict_proba(X))
    )


def _temporary_files(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.tmp"))


def _set_clocks_back(folder: Path) -> None:
    """Make temporary files a day old, as the next save deletes those older than an hour."""
    old = time.time() - DAY
    for path in _temporary_files(folder):
        os.utime(path, (old, old))


def _error(folder: Path) -> str:
    path = folder / jobs.ERROR
    return path.read_text(encoding="utf-8").strip().splitlines()[-1] if path.exists() else ""
