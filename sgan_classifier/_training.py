"""From checked arrays to a trained net."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator

from . import networks
from ._batches import Rows
from ._class_prior import label_proportions
from ._contrast_checks import check_scaled, warn_of_little_contrast
from ._device import cpu_by_default, resolve_device, resolve_precision
from ._fingerprint import fingerprint
from ._hold_out import hold_out
from ._layout import Layout
from ._network_checks import check_networks, compile_networks, initialize_from_data
from ._options import check_callbacks, check_scaling, resolve_augment, resolve_network
from ._probes import Probes
from ._random import Streams, derived_seed, isolated_global_state
from ._scaling import Scaler
from ._step import Settings, TrainingData
from ._targets import check_class_weight
from .exceptions import DivergenceError, InvalidInputError


class TrainableEstimator(BaseEstimator):
    """What `fit` and `partial_fit` do with arrays and parameters that are valid.

    A subclass says by `_learns_from_pool` whether unlabelled rows are used, by `_make_networks`
    what is trained, and by `_pool_settings` how unlabelled rows are trained on.
    """

    _learns_from_pool: ClassVar[bool]
    _is_clone = False  # as a search makes them: shares its checkpoint_dir, and ends with Ctrl-C

    def _training_data(
        self,
        X: np.ndarray,
        codes: np.ndarray,
        pool: np.ndarray | None,
        layout: Layout,
        classes: np.ndarray,
        seed: int,
        hold_out_rows: bool = True,
    ) -> TrainingData:
        labeled = np.flatnonzero(codes >= 0)
        class_weight = check_class_weight(self.class_weight, classes, codes)
        all_rows = Rows([X] if pool is None else [X, pool], layout)
        held_out = np.empty(0, dtype=np.int64)
        if self.early_stopping and hold_out_rows:
            labeled, held_out = hold_out(
                labeled, codes[labeled], classes, self.validation_fraction, seed
            )
            all_rows = Rows(all_rows.arrays, layout, np.delete(np.arange(len(all_rows)), held_out))
        return TrainingData(
            labeled=Rows([X], layout, labeled),
            codes=codes[labeled],
            pool=all_rows if self._learns_from_pool else None,
            validation=Rows([X], layout, held_out) if len(held_out) else None,
            validation_codes=codes[held_out] if len(held_out) else None,
            class_weight=class_weight,
        )

    def _check_parameters(
        self, classes: np.ndarray, *, continues: bool, hold_out_rows: bool = True
    ) -> None:
        """Refuse callbacks that cannot be called, and what does not go with the classes."""
        if isinstance(self.network, torch.nn.Module):
            raise InvalidInputError(
                f"network is a module, {type(self.network).__name__}. Pass a function of "
                "(input_shape, n_classes) that makes what is to be trained, or a name."
            )
        # training that goes on has the callbacks that it began with
        net = getattr(self, "net_", None) if continues else None
        check_callbacks(
            self.callbacks if net is None else net.callbacks,
            is_validated=self.early_stopping and hold_out_rows,
            is_begun=net is not None,
        )

    def _start(self, data: TrainingData, classes: np.ndarray, layout: Layout, seed: int) -> None:
        """Resolve what is left to choose, build the networks and the net that trains them."""
        from ._engine import SemiSupervisedNet  # with skorch, only when something is trained

        check_scaling(self.scaling, layout)
        device = resolve_device(self.device)
        rows = data.labeled if data.pool is None else data.pool
        scaler = Scaler.fit(rows, self.scaling)
        warn_of_little_contrast(rows, scaler)
        check_scaled(data.labeled, data.codes, scaler, self.scaling)
        streams = Streams.from_seed(seed, device)
        generator, discriminator = self._make_networks(layout, len(classes), scaler, streams)
        net = SemiSupervisedNet(
            discriminator,
            generator,
            len(classes),
            self._settings(device, layout),
            scaler,
            streams,
            callbacks=self.callbacks,
            device=str(device),
            verbose=int(self.verbose),
        )
        net.initialize()
        check_networks(net, data)
        initialize_from_data(net, data)
        self._layout, self._seed, self._fit_dtype = layout, seed, data.labeled.dtype
        self._built_with = self._network_parameters(layout)
        self.classes_ = classes
        self.input_shape_ = layout.input_shape
        self.net_ = net
        if self.compile:
            compile_networks(net)

    def _settings(self, device: torch.device, layout: Layout) -> Settings:
        of_pool = self._pool_settings(layout)
        has_pseudo_labels = of_pool.get("pseudo_label_weight", 0.0) > 0
        return Settings(
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            optimizer_params={"betas": (0.5, 0.999), **(self.optimizer_params or {})},
            ema_decay=self.ema_decay,
            augment=resolve_augment(self.augment, layout, has_pseudo_labels=has_pseudo_labels),
            precision=resolve_precision(self.precision, device, layout.is_image),
            **of_pool,
        )

    def _checkpoint(
        self,
        X: np.ndarray,
        codes: np.ndarray,
        classes: np.ndarray,
        pool: np.ndarray | None,
        continues: bool,
        seed: int,
    ) -> AbstractContextManager[Any]:
        if self.checkpoint_dir is None:
            return nullcontext()
        from ._checkpoint import open_checkpoint

        return open_checkpoint(
            self.checkpoint_dir,
            shared=self._is_clone,
            fingerprint=fingerprint(self, X, codes, classes, pool),
            every=self.checkpoint_every,
            start_step=self.net_.n_steps_ if continues else 0,
            n_steps=self.max_iter,
            seed=seed,
            keeps_global_state=self._uses_foreign_code(continues),
        )

    @contextmanager
    def _isolated_state(self, seed: int, n_steps: int, continues: bool) -> Iterator[None]:
        """Shield training from torch's state where it is called, and that state from training."""
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(cpu_by_default())
            for kind in ("cpu", "cuda", "mps"):
                if torch.is_autocast_enabled(kind):
                    stack.enter_context(torch.autocast(kind, enabled=False))
            # by `seed` itself, code of the user's would draw in each call what it drew in the first
            own_seed, is_foreign = derived_seed(seed, n_steps), self._uses_foreign_code(continues)
            stack.enter_context(isolated_global_state(own_seed, is_foreign, self.device))
            yield

    def _train(
        self,
        data: TrainingData,
        n_steps: int,
        schedule: str,
        checkpoint: Any = None,
        probe_seed: int | None = None,
    ) -> Self:
        """Take steps with the present parameters, and set what fit leaves behind."""
        net = self.net_
        net.change_settings(self._settings(torch.device(net.device), self._layout))
        net.verbose = int(self.verbose)
        completed = True
        try:
            prior = None if checkpoint is None else checkpoint.class_prior
            if prior is None:
                self._ask_probes(data, Probes(net, data, n_steps, probe_seed))
            else:
                net.class_prior_ = prior
            if n_steps:
                completed = net.train(data, n_steps, schedule=schedule, checkpoint=checkpoint)
        except BaseException as error:
            if isinstance(error, DivergenceError) or net.n_steps_ == 0:
                del self.net_  # nothing is fitted: its weights are no good, or untrained
            else:
                self._describe_training(net)
            if checkpoint is not None and isinstance(error, DivergenceError):
                checkpoint.delete()  # else the next call would diverge from there again
            raise
        if checkpoint is not None and completed:
            checkpoint.delete()
        self._describe_training(net)
        if not completed and self._is_clone:
            raise KeyboardInterrupt  # of a search, which would count the half-trained estimator
        return self

    def _ask_probes(self, data: TrainingData, probes: Probes) -> None:
        """Set what the net is to know of the pool before it is trained."""
        self.net_.class_prior_ = self._find_class_prior(data, probes)
        self.net_.pseudo_label_threshold_ = self._find_pseudo_label_threshold(probes)
        if self.net_.n_steps_ == 0:
            self.net_.threshold_.start_at(torch.as_tensor(self.net_.class_prior_))

    def _find_class_prior(self, data: TrainingData, probes: Probes) -> np.ndarray:
        """Return the shares of the classes in the pool."""
        counts = self.net_.label_counts_
        if self.class_weight == "balanced":  # the weights are those of this call's labels alone
            return np.full(len(counts), 1.0 / len(counts))
        return label_proportions(counts, data.class_weight)

    def _find_pseudo_label_threshold(self, probes: Probes) -> float:
        """Return the least confidence of a pseudo-label."""
        return self.net_.pseudo_label_threshold_

    def _describe_training(self, net: Any) -> None:
        self.n_iter_ = net.n_steps_
        self.history_ = net.records_
        self.precision_ = net.settings.precision
        self.device_ = net.device
        self.n_threads_ = torch.get_num_threads()

    def _make_networks(
        self, layout: Layout, n_classes: int, scaler: Scaler, streams: Streams
    ) -> tuple[torch.nn.Module | None, torch.nn.Module]:
        """Return (generator or None, discriminator) on the device."""
        raise NotImplementedError

    def _network_parameters(self, layout: Layout) -> dict:
        """Return the parameters that the networks depend on, as they are now; "auto" resolved."""
        network = self.network if callable(self.network) else resolve_network(self.network, layout)
        names = [name for name in ("width", "latent_dim") if hasattr(self, name)]
        return {"network": network, **{name: getattr(self, name) for name in names}}

    def _pool_settings(self, layout: Layout) -> dict:
        """Return the entries of `Settings` that concern unlabelled and generated images."""
        return {}

    def _build_named(
        self, layout: Layout, n_classes: int, scaler: Scaler, streams: Streams, latent_dim: int
    ) -> tuple[torch.nn.Module, torch.nn.Module]:
        return networks.build(
            resolve_network(self.network, layout),
            layout.input_shape,
            n_classes,
            width=self.width,
            latent_dim=latent_dim,
            amplitude=scaler.amplitude,
            rng=streams.weights,
        )

    def _uses_foreign_code(self, continues: bool) -> bool:
        network = self._built_with["network"] if continues else self.network
        return callable(network) or callable(self.augment)
