"""The training engine: knows torch and skorch, and nothing of estimators.

One step is one update of the discriminator on labelled, unlabelled and generated images together,
in a single pass, and one update of the generator.
"""

import copy
import math
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor, nn
from tqdm import tqdm

from ._checkpoint import Checkpoint
from ._cuda_graph import repeatable
from ._early_stopping import EarlyStopping
from ._health import Health
from ._interrupt import InterruptWatch
from ._memory import keep_freed_memory
from ._optimizers import SCHEDULES, change_options, make_adam, set_rate
from ._pseudo_labels import AdaptiveThreshold
from ._random import Streams
from ._run import Run, Totals
from ._scaling import Scaler
from ._step import Settings, TrainingData, TrainingStep
from .exceptions import CheckpointWriteError, TrainingInterruptedWarning

N_RECORDS = 50  # most entries that a fit adds to the history


class SemiSupervisedNet(NeuralNet):
    """A skorch net of a discriminator, `module_`, and a generator, `generator_`.

    Parameters
    ----------
    discriminator, generator : torch.nn.Module
        As made by `networks.build`; the generator may be None, which leaves supervised training.
    n_classes : int
    settings : Settings
    scaler : Scaler
    streams : Streams
    **kwargs
        `callbacks`, `device`, `verbose` of `skorch.NeuralNet`.

    Attributes
    ----------
    average_, generator_average_ : torch.nn.Module
        Running averages of the weights, which predict and sample.
    threshold_ : AdaptiveThreshold
    label_counts_ : ndarray of int64, shape (n_classes,)
        Labels of each class in the last `fit`, or in all calls of `partial_fit` since.
    class_prior_ : ndarray of float64, shape (n_classes,)
        Shares that the classes are taken to have of the pool; set before training.
    found_prior_ : ndarray of float64, shape (n_classes,), or None
        Such shares as a classifier of the labels found that contradicted theirs.
    pseudo_label_threshold_ : float
        Least confidence of a pseudo-label, besides what `threshold_` asks for; set before training.
    records_ : list of dict
    n_steps_ : int
        Optimiser steps taken since the weights were drawn.
    rate_factor_ : float
        By which the schedule multiplies the learning rates of the next step.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        generator: nn.Module | None,
        n_classes: int,
        settings: Settings,
        scaler: Scaler,
        streams: Streams,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            type(discriminator),
            nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            lr=settings.learning_rate,
            train_split=None,
            **kwargs,
        )
        self._fresh = (discriminator, generator)
        self.n_classes = n_classes
        self.label_counts_ = np.zeros(n_classes, dtype=np.int64)
        self.class_prior_ = np.full(n_classes, 1.0 / n_classes)
        self.found_prior_: np.ndarray | None = None
        self.pseudo_label_threshold_ = 0.0
        self.settings, self.scaler, self.streams = settings, scaler, streams
        self.records_: list[dict] = []
        self.n_steps_ = 0
        self.rate_factor_ = 1.0

    # ------------------------------------------------------------------ skorch's own steps

    @property
    def _default_callbacks(self) -> list:
        return []

    def initialize_module(self) -> "SemiSupervisedNet":
        discriminator, generator = self.__dict__.pop("_fresh")
        self.threshold_ = AdaptiveThreshold(self.n_classes)
        self.module_ = discriminator
        self.average_ = copy.deepcopy(discriminator).requires_grad_(False).eval()
        if generator is not None:
            self.generator_ = generator
            self.generator_average_ = copy.deepcopy(generator).requires_grad_(False).eval()
        return self

    def initialize_optimizer(self, triggered_directly: None = None) -> "SemiSupervisedNet":
        settings = self.settings
        self.optimizer_ = make_adam(self.module_, settings.learning_rate, settings.optimizer_params)
        if self.has_generator:
            self.generator_optimizer_ = make_adam(
                self.generator_, settings.generator_learning_rate, settings.optimizer_params
            )
        return self

    def change_settings(self, settings: Settings) -> None:
        """Go on with other settings; the optimisers keep their moments."""
        for name in self._optimizers:
            change_options(getattr(self, f"{name}_"), settings.optimizer_params)
        self.settings = settings

    @property
    def has_generator(self) -> bool:
        return hasattr(self, "generator_")

    @property
    def _torch_device(self) -> torch.device:
        return torch.device(self.device)

    # ------------------------------------------------------------------ training

    def train(
        self,
        data: TrainingData,
        n_steps: int,
        *,
        schedule: str,
        checkpoint: Checkpoint | None = None,
    ) -> bool:
        """Take `n_steps` optimiser steps.

        Parameters
        ----------
        data : TrainingData
        n_steps : int
        schedule : str
            A key of `SCHEDULES`, run through from start to end in these steps.
        checkpoint : Checkpoint, optional
            Where to go on from, and what to keep up to date.

        Returns
        -------
        bool
            Whether training came to its end; False where the user interrupted it.

        Raises
        ------
        DivergenceError
            If training went astray; see `Health`.
        CheckpointWriteError
            If a checkpoint cannot be written.

        Warns
        -----
        TrainingHealthWarning
            If it went wrong without.
        """
        keep_freed_memory()
        record_every = math.ceil(n_steps / N_RECORDS)
        step = TrainingStep(self, data)
        take_step = repeatable(step, n_steps)
        early_stopping = EarlyStopping(self, data, math.ceil(n_steps / record_every))
        factor = SCHEDULES[schedule]
        run = Run(step.labeled_sampler, early_stopping)
        if checkpoint is not None:
            checkpoint.restore(self, run)
        n_before = len(self.records_) - run.step // record_every
        health = Health(self, data, self.records_[n_before:])
        self.module_.train()
        if self.has_generator:
            self.generator_.train()
        self.notify("on_train_begin", X=None, y=None)
        bar = tqdm(
            total=n_steps, initial=run.step, disable=not self.verbose, desc="fit", unit="step"
        )
        completed = True
        try:
            while run.step < n_steps:
                if run.totals.n_steps == 0:
                    self.notify("on_epoch_begin", dataset_train=data, dataset_valid=None)
                self._set_learning_rates(factor(run.step / n_steps))
                figures = self._notified_step(take_step)
                run.step += 1
                health.watch(figures, run.step)
                run.totals.add(figures)
                if run.totals.n_steps == record_every or run.step == n_steps:
                    bar.update(run.step - bar.n)
                    record = self._record(run.totals, run.seconds, early_stopping, health)
                    health.judge(record)
                    bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
                    run.totals = Totals()
                    if self._callbacks_stop(data) or early_stopping.is_due:
                        break
                if checkpoint is not None and run.step < n_steps:
                    checkpoint.after_step(self, run)
        except KeyboardInterrupt:
            if self.n_steps_ == 0:
                raise  # nothing has been learnt that could be kept
            completed = False
            goes_on = checkpoint is not None and checkpoint.exists
            remedy = " to go on from the checkpoint" if goes_on else ", or partial_fit to go on"
            warnings.warn(
                f"Training was interrupted after {self.n_steps_} steps; the estimator predicts "
                f"with the weights it has. Call fit again{remedy}.",
                TrainingInterruptedWarning,
                stacklevel=5,  # the line that called fit
            )
        except CheckpointWriteError:
            early_stopping.restore_best()
            raise
        finally:
            bar.close()
        early_stopping.restore_best()
        health.conclude()
        self.notify("on_train_end", X=None, y=None)
        return completed

    def train_steps(self, step: TrainingStep, n_steps: int) -> None:
        """Take steps without records, callbacks or checks, at a rate that falls to zero."""
        take_step = repeatable(step, n_steps)
        self.module_.train()
        steps = tqdm(
            range(n_steps), disable=not self.verbose, desc="labels alone", unit="step", leave=False
        )
        for i in steps:
            self._set_learning_rates(1.0 - i / n_steps)
            take_step()
            self.n_steps_ += 1

    def _notified_step(self, take_step: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        if self.callbacks_:
            self.notify("on_batch_begin", batch=None, training=True)
        figures = take_step()
        self.n_steps_ += 1
        if self.callbacks_:
            self.history.record_batch("train_loss", float(figures["loss"]))
            self.history.record_batch("train_batch_size", self.settings.batch_size)
            self.notify("on_batch_end", batch=None, training=True, **figures)
        return figures

    def _callbacks_stop(self, data: TrainingData) -> bool:
        """Tell the callbacks that a record is complete; return whether one asks to stop."""
        watch = InterruptWatch()
        try:
            with watch:
                self.notify("on_epoch_end", dataset_train=data, dataset_valid=None)
        except KeyboardInterrupt:  # how skorch's callbacks, EarlyStopping say, ask to stop
            if watch.came or not self.callbacks_:
                raise  # the user's
            return True
        return False

    def _set_learning_rates(self, factor: float) -> None:
        self.rate_factor_ = factor
        set_rate(self.optimizer_, self.settings.learning_rate * factor)
        if self.has_generator:
            set_rate(self.generator_optimizer_, self.settings.generator_learning_rate * factor)

    def _record(
        self, totals: Totals, seconds: float, early_stopping: EarlyStopping, health: Health
    ) -> dict:
        health.raise_if_diverged()
        record = {"step": self.n_steps_, "seconds": seconds, **totals.means()}
        record |= early_stopping.check() | health.look()
        self.records_.append(record)
        if not self.callbacks_:
            self.history.new_batch()  # skorch's checkpoints look for one
        for name, value in record.items():
            self.history.record("train_loss" if name == "loss" else name, value)
        for name in ("train_loss", "valid_loss"):
            if name in self.history[-1]:
                losses_so_far = [row[name] for row in self.history if name in row]
                self.history.record(f"{name}_best", losses_so_far[-1] == min(losses_so_far))
        return record

    # ------------------------------------------------------------------ device and precision

    def to_device(self, batch: Tensor) -> Tensor:
        """Move a batch to the device; Apple's has no float64."""
        if self._torch_device.type == "mps" and batch.dtype == torch.float64:
            batch = batch.float()
        if self._torch_device.type == "cuda":
            batch = batch.pin_memory()  # without which the copy waits for all that is under way
        return batch.to(self._torch_device, non_blocking=True)

    def autocast(self, enabled: bool = True) -> AbstractContextManager:
        """Compute in the precision of the settings, also where the caller is in an autocast."""
        device, enabled = self._torch_device.type, enabled and self.settings.precision == "bf16"
        if not enabled and not torch.is_autocast_enabled(device):
            return nullcontext()  # to enter a context that changes nothing takes time as well
        # copies of weights, kept in a caller's autocast, would outlive the step that changes them
        return torch.autocast(device, torch.bfloat16, enabled=enabled, cache_enabled=False)
