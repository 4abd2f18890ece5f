"""The semi-supervised GAN classifier."""

import math
import os
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from . import networks
from ._base import BaseImageClassifier
from ._batches import Rows
from ._class_prior import check_class_prior, find_class_prior
from ._forward import generate, judges_realness
from ._layout import Layout
from ._options import image_weight
from ._probes import Probes, find_pseudo_label_threshold
from ._random import Streams, draw_seed
from ._scaling import Scaler
from ._step import TrainingData
from ._threads import check_threads
from .exceptions import InvalidInputError
from .losses import real_logit

PSEUDO_LABEL_WEIGHT, BALANCE_WEIGHT = 1.0, 5.0  # where "auto" switches them on
RAMP = 0.3  # part of training over which the weight of pseudo-labels rises from 0


class SGANClassifier(BaseImageClassifier):
    """Semi-supervised GAN classifier.

    One discriminator with K logits, one a class, learns from labelled, unlabelled and generated
    rows in the same pass: the softmax of the logits names the class, and
    D_u = sigmoid(logsumexp(logits)) tells real rows from those of the generator [1]_.

    Parameters
    ----------
    max_iter : int, default=1000
        Number of optimiser steps, whatever the number of rows.
    batch_size : int, default=32
        Labelled rows in a step. Where there are fewer, they are repeated.
    unlabeled_ratio : float, default=2.0
        Unlabelled rows in a step, as a multiple of `batch_size`. They are drawn from all rows, the
        labelled ones (without their labels) among them.
    fake_ratio : float or (float, float), default=1.0
        Generated rows in a step, as a multiple of `batch_size`; a pair sets the discriminator's and
        the generator's step apart.
    learning_rate : float, default=4e-3
        Of the discriminator; Adam.
    generator_learning_rate : float, optional
        Of the generator; by default `learning_rate`.
    optimizer_params : dict, optional
        Further arguments of `torch.optim.AdamW`; by default betas (0.5, 0.999) and no weight decay,
        which is plain Adam.
    learning_rate_schedule : str, default="linear"
        "linear" falls to zero in a straight line and "cosine" as half a cosine;
        "linear_last_third" is constant for two thirds of the steps first [1]_; "constant".
    network : str or callable, default="auto"
        "auto" takes "pooled" convolutions for images and an "mlp" for feature tables. Other names
        are "strided", "crater2021", "salimans2016_mnist" and "salimans2016_conv". A callable
        `(input_shape, n_classes) -> (generator, discriminator)` returns torch modules of your own:
        the discriminator maps a batch `(n, *input_shape)` to logits (n, n_classes) or to
        (logits, features), the generator maps noise (n, latent_dim) to `(n, *input_shape)`. The
        generators of "crater2021" and "salimans2016_conv" need ``scaling="range"``, that of
        "salimans2016_mnist" ``scaling="unit"``: they do not reach the values of another scaling.
    width : int, default=32
        Channels of the first convolution; the other layers, and the layers of the "mlp", are
        multiples of it. The source's "crater2021" has 128, "salimans2016_conv" 64 or 96, and
        "salimans2016_mnist" does without: its layers have the source's sizes.
    latent_dim : int, default=100
        Number of noise variables of the generator.
    adversarial_weight : float, default=0.1
        Weight of the loss for telling real from generated rows [1]_. 0 trains no generator.
    entropy_weight : float, default=0.0
        Weight of the conditional entropy of the unlabelled rows [2]_.
    pseudo_label_weight : float or "auto", default="auto"
        Weight of the cross-entropy between one view of the unlabelled rows and the running
        average's own labels for a weaker view, where it is sure enough of them [3]_. Rises from 0
        over the first 30 % of `max_iter` steps. "auto" is 1 for images and 0 for feature tables,
        of which there is but one view, so that it would only learn to be surer.
    pseudo_label_threshold : float or "auto", default="auto"
        How sure the running average must be of a label at least, besides the threshold that follows
        its own confidence [3]_. "auto" is 0, save where two copies of the discriminator that learn
        from the labelled rows alone, in 200 steps each or a fifth of `max_iter`, name other classes
        for a fifth of the unlabelled rows [6]_ (for a tenth of them, of two classes): there, many
        labels would be wrong, and it is 0.95 [7]_. With fewer than 500 steps, and in a first
        `partial_fit`, "auto" is 0; later calls, and warm starts, keep what the last had.
    balance_weight : float or "auto", default="auto"
        Weight of the loss that draws the mean prediction on unlabelled rows to `class_prior` [4]_.
        It keeps pseudo-labels from drifting towards one class, and falls with the square of the
        learning rate: at the end, shares that are not quite right would do more harm than good.
        With `class_weight` it counts as 0. "auto" is 5 where there are pseudo-labels and 0
        elsewhere.
    class_prior : {"auto", "labels"}, array-like of shape (n_classes,) or dict, default="auto"
        Shares of the classes among the rows that are learnt from without labels (all of `X`, the
        labelled ones among them, and `X_unlabeled`), in the order of `classes_`; of a dict, or a
        Series whose index names the classes, in any order. "labels" takes them to be those of the
        labelled rows, each class counted once more; with `class_weight`, a label counts by its
        weight, so that "balanced" takes the classes to be even, whatever the labels. "auto" takes
        the shares that "labels" does, unless they are contradicted by a copy of the discriminator
        that learns from the labelled rows alone, in 200 steps or a fifth of `max_iter`: if the
        shares that it finds, corrected for the proportions of the labels [5]_, are further from
        them than the luck of so few labels explains, they are taken. So labels that were drawn
        evenly from uneven classes do little harm. Better still, pass shares that you know.
        In a warm start, the copy begins from the present weights. `partial_fit` asks none, nor does
        `fit` with fewer than 100 steps: they keep what was found before, or take "auto" for
        "labels".
    generator_loss : str, default="feature_matching"
        What the generator minimises: "feature_matching" or "feature_matching_squared", the distance
        (L1, or squared) between the mean features of real and of generated rows [1]_; or
        "non_saturating", the adversarial loss.
    ema_decay : float, default=0.99
        Decay of the running average of the weights, a step. The averaged weights predict.
    augment : str, tuple of str, callable or None, default="auto"
        Random views of the training images. "auto" is "shift" and, where there are pseudo-labels to
        learn and images have 16x16 pixels or more, "cutout". Names are combined in a tuple:
        "shift", by up to a sixteenth of the side; "flip", left and right; "flip_vertical";
        "rotate90"; "affine", small turns, stretches and shears; "brightness", with contrast; and
        "cutout", a hidden square in unlabelled and generated images. The views that the running
        average labels are shifted, flipped and rotated only. Give those that do not change an
        image's class. A callable maps a batch of scaled images, a tensor (n, c, h, w), to one of
        the same shape. Feature tables have none by default.
    scaling : {"auto", "per_image", "range", "standard", "unit"} or None, default="auto"
        "auto" is "per_image" for images and "standard" for tables. "per_image" standardises every
        image by itself, which evens out illumination, but keeps a quarter of its mean brightness.
        "range" maps images to [-1, 1] (uint8 from 0 to 255; others from the least to the greatest
        value seen), "unit" to [0, 1]. "standard" standardises channels or columns. None changes
        nothing.
    image_shape : (height, width) or (height, width, channels), optional
        Shape of an image where the rows of X are flat, or where it is unclear which axis holds the
        channels.
    class_weight : "balanced" or dict of class to weight, optional
        Weights of the classes in the labelled loss, counted on labelled rows.
    early_stopping : bool, default=False
        Hold out labelled rows, stop when their loss has not fallen for a fifth of `max_iter`, and
        keep the weights that were best. With few labels they are better spent on training.
    validation_fraction : float, default=0.1
        Part of the labelled rows of each class that `early_stopping` holds out. Where that is less
        than two rows, `fit` raises an error.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last call, with the same networks, scaling,
        device and callbacks.
    device : str or torch.device, default="auto"
        "auto" takes CUDA where there is one, else the CPU.
    precision : {"auto", "fp32", "bf16"}, default="auto"
        "auto" takes bf16 autocast for images where the hardware is fast at it.
    compile : bool, default=False
        Whether to compile the networks with `torch.compile`, for long fits on CUDA: it takes tens
        of seconds. On the CPU it needs a C++ compiler, and makes the default networks slower.
    callbacks : list, optional
        skorch callbacks. A fit counts as up to fifty epochs, one an entry of `history_`. Those that
        schedule rates or score predictions do not apply. On CUDA, steps are slower with any.
    checkpoint_dir : str or PathLike, optional
        Where `fit` keeps what it needs to go on after it was stopped, by Ctrl-C, a crash or a
        power failure. The same call of `fit` then goes on from there and, on a CPU with the same
        number of threads, ends with the same weights as if it had not been stopped. The checkpoint
        is deleted when `fit` is done. The directory belongs to one fit: other data or parameters
        are an error that says which. Clones, as searches make them, each use a folder of their own
        in it. `partial_fit` writes none.
    checkpoint_every : int, default=100
        Steps from one checkpoint to the next.
    verbose : int or bool, default=0
        Whether to show a progress bar with the time left.
    random_state : int, RandomState or None, default=None
        Seed of everything random. The same int gives the same arrays on the same device at the
        same precision and number of threads; on a GPU, save for kernels of torch's own that the
        "crater2021" networks and those of a callable may use. None asks the operating system:
        ``np.random.seed`` has no effect.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Number of values in a row of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of a DataFrame.
    input_shape_ : tuple of int
        What the networks see: (channels, height, width) or (n_features,).
    n_iter_ : int
        Optimiser steps taken since the weights were drawn.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the last fit took the unlabelled rows to have. Those of the
        labels are counted as `class_prior` says: with ``class_weight="balanced"`` they are even.
    pseudo_label_threshold_ : float
        Least confidence of a pseudo-label in the last fit.
    precision_ : {"fp32", "bf16"}
    device_ : str
    n_threads_ : int
        Torch's threads in the last fit; equal arrays need equal threads.
    history_ : list of dict
        Up to fifty records a fit, each a mean over the steps since the last, without what belongs
        to terms of weight 0: step, seconds, loss, labeled_loss, adversarial_loss, entropy,
        class_balance, pseudo_label_loss, pseudo_label_rate (part of the unlabelled rows that get a
        pseudo-label), realness_real and realness_fake (mean D_u on unlabelled and on generated
        rows: apart, but not at 0 and 1, is well), generator_loss, feature_distance, gradient_norm
        and generator_gradient_norm; generated_spread (how much generated rows differ from each
        other, where real rows have 1: near 0 all are alike); with `early_stopping` valid_loss,
        valid_accuracy, and labeled_realness and valid_realness (mean D_u on labelled rows that are
        trained on and on those that are held out: the same is well).
    net_ : SemiSupervisedNet
        The skorch net inside.

    See Also
    --------
    CNNClassifier : The same network on the labelled rows alone.

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.
    .. [2] Dai et al., "Good Semi-supervised Learning That Requires a Bad GAN", NeurIPS 2017.
    .. [3] Wang et al., "FreeMatch: Self-adaptive Thresholding for Semi-supervised Learning",
           ICLR 2023.
    .. [4] Krause, Perona, Gomes, "Discriminative Clustering by Regularized Information
           Maximization", NeurIPS 2010.
    .. [5] Saerens, Latinne, Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori
           Probabilities: A Simple Procedure", Neural Computation 14(1), 2002.
    .. [6] Jiang et al., "Assessing Generalization of SGD via Disagreement", ICLR 2022.
    .. [7] Sohn et al., "FixMatch: Simplifying Semi-Supervised Learning with Consistency and
           Confidence", NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier import SGANClassifier
    >>> digits = load_digits()
    >>> y = np.where(np.arange(len(digits.target)) < 50, digits.target, -1)
    >>> model = SGANClassifier(max_iter=50, random_state=0).fit(digits.images, y)
    >>> model.predict(digits.images[:3]).shape
    (3,)
    """

    _learns_from_pool = True

    _parameter_constraints: ClassVar[dict] = {
        **BaseImageClassifier._parameter_constraints,
        "unlabeled_ratio": [Interval(Real, 0, None, closed="neither")],
        "fake_ratio": [Interval(Real, 0, None, closed="neither"), tuple],
        "generator_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "entropy_weight": [Interval(Real, 0, None, closed="left")],
        "pseudo_label_weight": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "pseudo_label_threshold": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "balance_weight": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "class_prior": [StrOptions({"auto", "labels"}), "array-like", dict],
        "generator_loss": [
            StrOptions({"feature_matching", "feature_matching_squared", "non_saturating"})
        ],
    }

    def __init__(
        self,
        *,
        max_iter: int = 1000,
        batch_size: int = 32,
        unlabeled_ratio: float = 2.0,
        fake_ratio: float | tuple[float, float] = 1.0,
        learning_rate: float = 4e-3,
        generator_learning_rate: float | None = None,
        optimizer_params: dict | None = None,
        learning_rate_schedule: str = "linear",
        network: Any = "auto",
        width: int = 32,
        latent_dim: int = 100,
        adversarial_weight: float = 0.1,
        entropy_weight: float = 0.0,
        pseudo_label_weight: float | str = "auto",
        pseudo_label_threshold: float | str = "auto",
        balance_weight: float | str = "auto",
        class_prior: Any = "auto",
        generator_loss: str = "feature_matching",
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
        checkpoint_dir: str | os.PathLike | None = None,
        checkpoint_every: int = 100,
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
        self.pseudo_label_weight = pseudo_label_weight
        self.pseudo_label_threshold = pseudo_label_threshold
        self.balance_weight = balance_weight
        self.class_prior = class_prior
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
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every = checkpoint_every
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

        Raises
        ------
        InvalidInputError
            If ``adversarial_weight=0`` trained nothing to tell real rows from generated ones.
        """
        check_is_fitted(self)
        if not judges_realness(self.net_):
            raise InvalidInputError(
                "adversarial_weight=0 trained no opinion on what is real. Fit with a weight above "
                "0 for realness."
            )
        return self._realness(self._rows(X))

    def _realness(self, rows: Rows) -> np.ndarray:
        return self._collected(rows, lambda logits, _: real_logit(logits.double()).sigmoid())

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
            In the layout and units of the `X` of `fit`; uint8 or float64 where that was, uint8
            where it was bool, else float32.
            Under `scaling="per_image"`, of the brightness and contrast of a typical image.
        """
        check_is_fitted(self)
        if not judges_realness(self.net_):
            raise InvalidInputError(
                "adversarial_weight=0 trained no generator. Fit with a weight above 0 to sample."
            )
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise InvalidInputError(f"n_samples={n_samples!r} is not a positive integer.")
        check_threads()
        rng = torch.Generator(self.net_.device).manual_seed(draw_seed(random_state))
        images = self.net_.scaler.inverse(generate(self.net_, int(n_samples), rng)).numpy()
        if self._fit_dtype in (np.uint8, np.bool_):
            white = 255 if self._fit_dtype == np.uint8 else 1
            images = np.clip(np.rint(images), 0, white).astype(np.uint8)
        elif self._fit_dtype.type is not np.float64:
            images = images.astype(np.float32)
        return np.ascontiguousarray(self._layout.from_channels_first(images))

    def _pool_settings(self, layout: Layout) -> dict:
        ratios = self.fake_ratio if isinstance(self.fake_ratio, tuple) else (self.fake_ratio,) * 2
        if len(ratios) != 2 or not all(isinstance(r, Real) and 0 < r < math.inf for r in ratios):
            raise InvalidInputError(
                f"fake_ratio={self.fake_ratio!r} is neither a positive number nor a pair of them. "
                "Pass finite numbers, such as 1.0 or (1.0, 2.0)."
            )
        discriminator_fakes, generator_fakes = (self._multiple(r) for r in ratios)
        pseudo_label_weight = image_weight(self.pseudo_label_weight, PSEUDO_LABEL_WEIGHT, layout)
        balance_weight = self.balance_weight
        if balance_weight == "auto":
            balance_weight = BALANCE_WEIGHT if pseudo_label_weight > 0 else 0
        return {
            "unlabeled_batch_size": self._multiple(self.unlabeled_ratio),
            "fake_batch_sizes": (discriminator_fakes, generator_fakes),
            "generator_learning_rate": self.generator_learning_rate or self.learning_rate,
            "adversarial_weight": self.adversarial_weight,
            "entropy_weight": self.entropy_weight,
            "generator_loss": self.generator_loss,
            "pseudo_label_weight": pseudo_label_weight,
            "balance_weight": float(balance_weight),
            "ramp_steps": round(RAMP * self.max_iter),
        }

    def _check_parameters(
        self, classes: np.ndarray, *, continues: bool, hold_out_rows: bool = True
    ) -> None:
        super()._check_parameters(classes, continues=continues, hold_out_rows=hold_out_rows)
        check_class_prior(self.class_prior, classes)

    def _find_class_prior(self, data: TrainingData, probes: Probes) -> np.ndarray:
        proportions = super()._find_class_prior(data, probes)
        given = check_class_prior(self.class_prior, self.classes_)
        if given is not None:
            return given
        settings = self.net_.settings
        is_used = settings.balance_weight > 0 or settings.pseudo_label_weight > 0
        if self.class_prior == "labels" or not is_used:
            return proportions
        prior = find_class_prior(probes, proportions, self.net_.found_prior_)
        self.net_.found_prior_ = None if prior is proportions else prior
        return prior

    def _find_pseudo_label_threshold(self, probes: Probes) -> float:
        if self.pseudo_label_threshold != "auto":
            return float(self.pseudo_label_threshold)
        # of a warm start, the probes would begin from weights that have learnt from pseudo-labels
        if self.net_.n_steps_ > 0 or self.net_.settings.pseudo_label_weight == 0:
            return super()._find_pseudo_label_threshold(probes)
        return find_pseudo_label_threshold(probes)

    def _describe_training(self, net: Any) -> None:
        super()._describe_training(net)
        self.class_prior_ = net.class_prior_
        self.pseudo_label_threshold_ = net.pseudo_label_threshold_

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
        generator, discriminator = networks.own_copies(pair)
        device = streams.noise.device
        return (
            networks.adapt_generator(generator, self.latent_dim).to(device),
            networks.adapt_discriminator(discriminator).to(device),
        )
