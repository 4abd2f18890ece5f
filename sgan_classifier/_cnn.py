"""The supervised baseline: the same training without unlabelled rows."""

import os
from typing import Any

import numpy as np
import torch

from . import networks
from ._base import BaseImageClassifier
from ._layout import Layout
from ._random import Streams
from ._scaling import Scaler
from .exceptions import InvalidInputError


class CNNClassifier(BaseImageClassifier):
    """Supervised baseline: the network of `SGANClassifier` without its unlabelled rows.

    Training, views of labelled images, running average and budget are those of `SGANClassifier`, so
    that the difference between the two is what the unlabelled rows are worth. Unlabelled rows, in
    `y` or as `X_unlabeled`, are accepted and ignored.

    Parameters
    ----------
    max_iter : int, default=1000
        Number of optimiser steps, whatever the number of rows.
    batch_size : int, default=32
        Labelled rows in a step. Where there are fewer, they are repeated.
    learning_rate : float, default=4e-3
        Of the discriminator; Adam.
    optimizer_params : dict, optional
        Further arguments of `torch.optim.AdamW`; by default betas (0.5, 0.999) and no weight decay,
        which is plain Adam.
    learning_rate_schedule : str, default="linear"
        "linear" falls to zero in a straight line and "cosine" as half a cosine;
        "linear_last_third" is constant for two thirds of the steps first [1]_; "constant".
    network : str or callable, default="auto"
        "auto" is the discriminator of `SGANClassifier`: the same architecture, for fair
        comparisons. "crater2021" is the baseline of the lunar crater study (two or more classes;
        images are resized to 32x32). Other names take the discriminator of that pair. A callable
        `(input_shape, n_classes) -> module` returns a torch module of your own that maps a batch
        `(n, *input_shape)` to logits (n, n_classes) or to (logits, features); a pair
        (generator, discriminator) is accepted too.
    width : int, default=32
        Channels of the first convolution; the other layers, and the layers of the "mlp", are
        multiples of it. "crater2021" and "salimans2016_mnist" do without.
    ema_decay : float, default=0.99
        Decay of the running average of the weights, a step. The averaged weights predict.
    augment : str, tuple of str, callable or None, default="auto"
        Random views of the training images. "auto" is "shift". Names are combined in a tuple:
        "shift", by up to a sixteenth of the side; "flip", left and right; "flip_vertical";
        "rotate90"; "affine", small turns, stretches and shears; "brightness", with contrast; and
        "cutout", which `SGANClassifier` alone applies, to images without a label. Give those that
        do not change an image's class. A callable maps a batch of scaled images, a tensor
        (n, c, h, w), to one of the same shape. Feature tables have none by default.
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
    precision_ : {"fp32", "bf16"}
    device_ : str
    n_threads_ : int
        Torch's threads in the last fit; equal arrays need equal threads.
    history_ : list of dict
        Up to fifty records a fit, each a mean over the steps since the last: step, seconds, loss,
        labeled_loss, gradient_norm; with `early_stopping` valid_loss and valid_accuracy.
    net_ : SemiSupervisedNet
        The skorch net inside.

    See Also
    --------
    SGANClassifier : Learns from the unlabelled rows too.

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sgan_classifier import CNNClassifier
    >>> digits = load_digits()
    >>> model = CNNClassifier(max_iter=50, random_state=0)
    >>> model.fit(digits.images[:50], digits.target[:50]).predict(digits.images[:3]).shape
    (3,)
    """

    _learns_from_pool = False

    def __init__(
        self,
        *,
        max_iter: int = 1000,
        batch_size: int = 32,
        learning_rate: float = 4e-3,
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
        checkpoint_dir: str | os.PathLike | None = None,
        checkpoint_every: int = 100,
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
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every = checkpoint_every
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
        discriminator = networks.own_copies(discriminator)
        return None, networks.adapt_discriminator(discriminator).to(streams.noise.device)
