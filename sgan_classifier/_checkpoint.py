"""Checkpoints of a fit: written as it goes, found by the next call of the same fit."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from . import _tensor_file
from ._fingerprint import differences, short_name
from ._net_state import below, net_state, restore_net
from ._plain import decode, encode
from ._run import Run, Totals
from .exceptions import (
    CheckpointError,
    CheckpointWriteError,
    DamagedFileError,
    NotAModelFileError,
)

if TYPE_CHECKING:
    from ._engine import SemiSupervisedNet

KIND = "checkpoint"
FILE, LOCK = "checkpoint.safetensors", "checkpoint.lock"


class Checkpoint:
    """The file of one fit.

    Parameters
    ----------
    folder : Path
    every : int
        Steps from one checkpoint to the next.
    fingerprint : dict of str to str
        Of the fit.
    start_step : int
        Steps that the estimator has taken before this call.
    n_steps : int
        Steps of the fit.
    seed : int
        Used unless the file has another.
    keeps_global_state : bool
        Whether code of the user's may draw from the global generators of torch and NumPy.

    Attributes
    ----------
    seed : int
    class_prior : ndarray of shape (n_classes,) or None
        Of the fit, where the file has it: the probe that found it saw other weights than a warm
        start now has.
    exists : bool
        Whether there is a file that the fit can go on from.
    """

    def __init__(
        self,
        folder: Path,
        *,
        every: int,
        fingerprint: dict[str, str],
        start_step: int,
        n_steps: int,
        seed: int,
        keeps_global_state: bool,
    ) -> None:
        self.path = folder / FILE
        for left in folder.glob(f".{FILE}.*.tmp"):  # by a process killed as it wrote
            left.unlink(missing_ok=True)
        self.every, self.fingerprint, self.start_step = every, fingerprint, start_step
        self.seed, self.keeps_global_state = seed, keeps_global_state
        self._content: dict[str, Any] | None = None
        self.class_prior: np.ndarray | None = None
        self.exists = self.path.exists()
        if self.exists:
            try:
                self._content, self._tensors = _tensor_file.read(self.path, KIND)
            except (DamagedFileError, NotAModelFileError) as error:
                raise CheckpointError(
                    f"checkpoint_dir={str(self.path.parent)!r} holds no whole checkpoint: {error} "
                    f"To start anew, delete {self.path.name} there."
                ) from error
            self._check(start_step, n_steps)
            self.seed, self.start_step = self._content["seed"], self._content["start_step"]
            prior = self._content.get("class_prior")  # that files of an early version lack
            self.class_prior = None if prior is None else decode(prior)

    def _check(self, step: int, n_steps: int) -> None:
        """Raise if the file belongs to another fit."""
        assert self._content is not None
        start = self._content["start_step"]
        found = differences(self._content["fingerprint"], self.fingerprint)
        if not found and not start <= step <= start + n_steps:
            found = [f"it began after {start} steps, and this estimator has taken {step}"]
        if found:
            raise CheckpointError(
                f"checkpoint_dir={str(self.path.parent)!r} holds the checkpoint of another fit: "
                f"{'; '.join(found)}. Call that fit again to finish it, delete {self.path.name} "
                "there to start anew, or use another directory."
            )

    def restore(self, net: "SemiSupervisedNet", run: Run) -> None:
        """Put the net and the run where they were when the file was written, if there is one."""
        if self._content is None:
            return
        content, tensors = self._content, self._tensors
        try:
            restore_net(net, content["net"], tensors)
        except RuntimeError as error:
            raise CheckpointError(
                f"checkpoint_dir={str(self.path.parent)!r} holds the checkpoint of other networks: "
                f"{error}. Pass the network that it was begun with, or delete {self.path.name} "
                "there to start anew."
            ) from error
        run.step, run.seconds_before = content["step"], content["seconds"]
        sums = {name: value.to(net.device) for name, value in below("totals", tensors).items()}
        run.totals = Totals.of(sums, content["n_steps_of_totals"])
        run.sampler.rest = tensors["sampler.rest"].numpy()
        stopping = run.early_stopping
        stopping.best_loss, stopping.records_since_best = decode(content["early_stopping"])
        stopping.best_weights = below("best", tensors) or None
        if self.keeps_global_state:
            torch.set_rng_state(tensors["global.torch"])
            np.random.set_state(decode(content["global_numpy"]))  # noqa: NPY002
        self._content = None

    def after_step(self, net: "SemiSupervisedNet", run: Run) -> None:
        """Write the file where it is time to.

        Raises
        ------
        CheckpointWriteError
            If it cannot be written; the one before is still there.
        CheckpointError
            If the net holds what a file of plain data cannot.
        """
        if run.step % self.every:
            return
        try:
            trained, tensors = net_state(net)
        except TypeError as error:
            raise CheckpointError(
                f"There can be no checkpoint of what the fit holds: {error}. Have callbacks record "
                "plain numbers in the history, or fit without checkpoint_dir. The estimator "
                f"predicts with what it has learnt in {run.step} steps."
            ) from error
        tensors |= {f"totals.{name}": value for name, value in run.totals.sums.items()}
        tensors["sampler.rest"] = torch.from_numpy(run.sampler.rest)
        stopping = run.early_stopping
        tensors |= {f"best.{name}": value for name, value in (stopping.best_weights or {}).items()}
        content: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "seed": self.seed,
            "start_step": self.start_step,
            "step": run.step,
            "seconds": run.seconds,
            "n_steps_of_totals": run.totals.n_steps,
            "early_stopping": encode((stopping.best_loss, stopping.records_since_best)),
            "class_prior": encode(net.class_prior_),
            "net": trained,
        }
        if self.keeps_global_state:
            tensors["global.torch"] = torch.get_rng_state()
            content["global_numpy"] = encode(np.random.get_state(legacy=False))  # noqa: NPY002
        try:
            _tensor_file.write(self.path, KIND, content, tensors)
        except OSError as error:
            kept = "The one before is still valid" if self.exists else "There is none before it"
            raise CheckpointWriteError(
                error.errno,
                f"The checkpoint after step {run.step} cannot be written to {self.path} "
                f"({error.strerror}). {kept}, and the estimator predicts with what it has learnt. "
                "Make room, and call fit again.",
            ) from error
        self.exists = True

    def delete(self) -> None:
        """Delete the file of a fit that is over."""
        self.path.unlink(missing_ok=True)
        self.exists = False


@contextmanager
def open_checkpoint(
    directory: str | os.PathLike, *, shared: bool, fingerprint: dict[str, str], **options: Any
) -> Iterator[Checkpoint]:
    """Find the checkpoint of a fit and keep every other fit from it meanwhile.

    Parameters
    ----------
    directory : str or PathLike
        Made if need be.
    shared : bool
        Whether other fits, as those of a search, use the directory too. Then this fit takes a
        folder in it that is named by the fingerprint, or if another that is just running has that,
        the next one.
    fingerprint : dict of str to str
    **options
        As in `Checkpoint`.
    """
    top = Path(directory)
    base = top / f"fit-{short_name(fingerprint)}" if shared else top
    with ExitStack() as stack:
        number = 1
        while not _lock(folder := base if number == 1 else Path(f"{base}-{number}"), stack):
            number += 1
            if not shared:
                raise CheckpointError(
                    f"checkpoint_dir={str(top)!r} is in use by another fit that is running. Give "
                    "each estimator a directory of its own."
                )
        checkpoint = Checkpoint(folder, fingerprint=fingerprint, **options)
        try:
            yield checkpoint
        finally:
            if not checkpoint.exists:  # else the folder is needed to go on
                with suppress(OSError):
                    (folder / LOCK).unlink()
                if shared:
                    with suppress(OSError):  # where somebody keeps other files there
                        folder.rmdir()


def _lock(folder: Path, stack: ExitStack) -> bool:
    """Try to hold a folder until `stack` closes or the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise CheckpointError(
            f"checkpoint_dir={str(folder)!r} is a file, or lies in one. Give it the name "
            "of a directory."
        ) from error
    try:
        stack.enter_context(FileLock(folder / LOCK, timeout=0))
    except Timeout:
        return False
    return True
