"""The semi-supervised GAN classifier."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from . import networks
from ._base import BaseImageClassifier
from ._layout import Layout
from ._random import Streams, draw_seed
from ._scaling import Scaler
from .exceptions import InvalidInputError
from .losses import real_logit


class SGANClassifier(BaseImageClassifier):
    """DOC"""

    _learns_from_pool = True

    _parameter_constraints: ClassVar[dict] = {
        **BaseImageClassifier._parameter_constraints,
        "unlabeled_ratio": [Interval(Real, 0, None, closed="neither")],
        "fake_ratio": [Interval(Real, 0, None, closed="neither"), tuple],
        "generator_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "entropy_weight": [Interval(Real, 0, None, closed="left")],
        "generator_loss": [
            StrOptions({"feature_matching", "feature_matching_squared", "non_saturating"})
        ],
    }

    def __init__(
        self,
        *,
        max_iter: int = 2000,
        batch_size: int = 64,
        unlabeled_ratio: float = 1.0,
        fake_ratio: float | tuple[float, float] = 1.0,
        learning_rate: float = 1e-3,
        generator_learning_rate: float | None = None,
        optimizer_params: dict | None = None,
        learning_rate_schedule: str = "linear",
        network: Any = "auto",
        width: int = 32,
        latent_dim: int = 100,
        adversarial_weight: float = 0.1,
        entropy_weight: float = 0.1,
        generator_loss: str = "non_saturating",
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
        self.unlabeled_ratio = unlabeled_ratio
        self.fake_ratio = fake_ratio
        self.learning_rate = learning_rate
        self.generator_learning_rate = generator_learning_rate
        self.optimizer_params = optimizer_params
        self.learning_rate_schedule = learning_rate_schedule
        self.network = network
        self.width = width
        self.latent_dim = latent_dim
        self.adversarial_weight = adversarial_weight
        self.entropy_weight = entropy_weight
        self.generator_loss = generator_loss
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

    def realness(self, X: Any) -> np.ndarray:
        """Return D_u(x), the discriminator's probability that a row is real, not generated.

        D_u = sigmoid(logsumexp of the logits) (Salimans et al. 2016, section 5).

        Parameters
        ----------
        X : array-like
            Rows of the shape seen in `fit`.

        Returns
        -------
        ndarray of shape (n,), float64, in [0, 1]
        """
        parts = [real_logit(logits.double()).sigmoid() for logits, _ in self._answers(X)]
        return torch.cat(parts).numpy()

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> np.ndarray:
        """Return images drawn from the generator.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState or None, default=None

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout and units of the `X` of `fit`; uint8 where that was uint8, else float32.
            Under `scaling="per_image"` in scaled units, float32: every image of mean 0 and
            standard deviation 0.5.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise InvalidInputError(f"n_samples={n_samples!r} is not a positive integer.")
        rng = torch.Generator(self.net_.device).manual_seed(draw_seed(random_state))
        scaler = self.net_.scaler
        images = scaler.inverse(self.net_.generate(int(n_samples), rng)).numpy()
        if self._fit_dtype == np.uint8 and not scaler.per_image:
            images = np.clip(np.rint(images), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(self._layout.from_channels_first(images))

    def _start(self, data: Any, classes: np.ndarray, layout: Layout, seed: int) -> None:
        self._fit_dtype = data.labeled.dtype
        super()._start(data, classes, layout, seed)

    def _pool_settings(self) -> dict:
        ratios = self.fake_ratio if isinstance(self.fake_ratio, tuple) else (self.fake_ratio,) * 2
        if len(ratios) != 2 or not all(isinstance(r, Real) and r > 0 for r in ratios):
            raise InvalidInputError(
                f"fake_ratio={self.fake_ratio!r} is neither a positive number nor a pair of them."
            )
        discriminator_fakes, generator_fakes = (self._multiple(r) for r in ratios)
        return {
            "unlabeled_batch_size": self._multiple(self.unlabeled_ratio),
            "fake_batch_sizes": (discriminator_fakes, generator_fakes),
            "generator_learning_rate": self.generator_learning_rate or self.learning_rate,
            "adversarial_weight": self.adversarial_weight,
            "entropy_weight": self.entropy_weight,
            "generator_loss": self.generator_loss,
        }

    def _multiple(self, ratio: float) -> int:
        return max(1, round(ratio * self.batch_size))

    def _make_networks(
        self, layout: Layout, n_classes: int, scaler: Scaler, streams: Streams
    ) -> tuple[torch.nn.Module, torch.nn.Module]:
        if not callable(self.network):
            return self._build_named(layout, n_classes, scaler, streams, self.latent_dim)
        pair = self.network(layout.input_shape, n_classes)
        is_pair = isinstance(pair, tuple) and len(pair) == 2
        if not is_pair or not all(isinstance(module, torch.nn.Module) for module in pair):
            raise InvalidInputError(
                f"network={self.network!r} returned {type(pair).__name__}; a callable network "
                "must return a tuple (generator, discriminator) of torch modules."
            )
        generator, discriminator = pair
        device = streams.noise.device
        return (
            networks.adapt_generator(generator, self.latent_dim).to(device),
            networks.adapt_discriminator(discriminator).to(device),
        )
