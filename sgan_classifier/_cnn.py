"""The supervised baseline: the same training without unlabelled rows."""

from typing import Any, ClassVar

import numpy as np
import torch

from . import networks
from ._base import BaseImageClassifier
from ._layout import Layout
from ._random import Streams
from ._scaling import Scaler
from .exceptions import InvalidInputError


class CNNClassifier(BaseImageClassifier):
    """DOC"""

    _learns_from_pool = False

    _parameter_constraints: ClassVar[dict] = {**BaseImageClassifier._parameter_constraints}

    def __init__(
        self,
        *,
        max_iter: int = 2000,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        optimizer_params: dict | None = None,
        learning_rate_schedule: str = "linear",
        network: Any = "auto",
        width: int = 32,
        ema_decay: float = 0.99,
        augment: Any = "auto",
        scaling: str | None = "auto",
        image_shape: tuple[int, ...] | None = None,
        class_weight: dict | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        device: str | torch.device = "auto",
        precision: str = "auto",
        compile: bool = False,
        callbacks: list | None = None,
        verbose: int | bool = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer_params = optimizer_params
        self.learning_rate_schedule = learning_rate_schedule
        self.network = network
        self.width = width
        self.ema_decay = ema_decay
        self.augment = augment
        self.scaling = scaling
        self.image_shape = image_shape
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.compile = compile
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _make_networks(
        self, layout: Layout, n_classes: int, scaler: Scaler, streams: Streams
    ) -> tuple[None, torch.nn.Module]:
        if not callable(self.network):
            if self.network == "crater2021" and layout.is_image:
                channels = layout.input_shape[0]
                return None, networks.build_crater_cnn(channels, n_classes, rng=streams.weights)
            return None, self._build_named(layout, n_classes, scaler, streams, latent_dim=1)[1]
        answer = self.network(layout.input_shape, n_classes)
        discriminator = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else answer
        if not isinstance(discriminator, torch.nn.Module):
            raise InvalidInputError(
                f"network={self.network!r} returned {type(answer).__name__}; a callable network "
                "must return a torch module, or a tuple (generator, discriminator) of them."
            )
        return None, networks.adapt_discriminator(discriminator).to(streams.noise.device)
