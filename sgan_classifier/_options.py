"""Options that depend on the data: "auto" resolved, and combinations that cannot work refused."""

from collections.abc import Callable
from typing import Any

from . import networks
from ._augment import AUGMENTATIONS, CUTOUT_FROM
from ._layout import Layout
from .exceptions import InvalidInputError


def resolve_network(network: str, layout: Layout) -> str:
    """Return the name of a pair of networks that fits the data."""
    if network == "auto":
        return "pooled" if layout.is_image else "mlp"
    if network in networks.IMAGE_NETWORKS and not layout.is_image:
        raise InvalidInputError(
            f"network={network!r} needs images, but X is a table of {layout.input_shape[0]} "
            "features. Pass image_shape=(height, width[, channels]) if its rows are flat images, "
            "or network='mlp'."
        )
    if network == "mlp" and layout.is_image:
        raise InvalidInputError(
            f"network='mlp' needs a feature table, but X holds images {layout.input_shape}. Use "
            "network='auto', or flatten X and leave out image_shape."
        )
    return network


def image_weight(weight: float | str, for_images: float, layout: Layout) -> float:
    """Return the weight of a loss that "auto" switches on for images alone."""
    if weight == "auto":
        return for_images if layout.is_image else 0.0
    return float(weight)


def check_scaling(scaling: str | None, layout: Layout) -> None:
    """Refuse scalings of images for feature tables."""
    if not layout.is_image and scaling in ("per_image", "range", "unit"):
        raise InvalidInputError(
            f"scaling={scaling!r} is for images, but X is a table of {layout.input_shape[0]} "
            "features. Use 'auto', 'standard' or None, or pass image_shape if the rows are flat "
            "images."
        )


def check_callbacks(callbacks: list | None, *, is_validated: bool, is_begun: bool = False) -> None:
    """Refuse what skorch would stumble over in the middle of its own code.

    Parameters
    ----------
    callbacks : list or None
    is_validated : bool
        Whether rows are held out, so that there is a "valid_loss" to monitor.
    is_begun : bool, default=False
        Whether training goes on with them, so that others cannot be chosen.
    """
    from skorch.callbacks import (
        Callback,
        Checkpoint,
        EarlyStopping,
        InputShapeSetter,
        LRScheduler,
        PassthroughScoring,
        ProgressBar,
    )
    from skorch.callbacks.scoring import ScoringBase

    unscored = (
        "but no labelled data set reaches callbacks. Use early_stopping=True, which records "
        "valid_loss and valid_accuracy."
    )
    reasons = {
        LRScheduler: "but the estimator sets the rates itself. Use learning_rate_schedule.",
        ProgressBar: "which counts the batches of an epoch, and a fit counts steps. Use verbose=1, "
        "which shows a bar.",
        InputShapeSetter: "but the networks are made for the shape of X already. Leave it out.",
        ScoringBase: unscored,
        PassthroughScoring: unscored,
    }
    for given in callbacks or ():
        callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not is_class and not isinstance(callback, Callback):
            raise InvalidInputError(
                f"callbacks holds {given!r}, which is no skorch callback. Pass instances of "
                "skorch.callbacks.Callback, or tuples (name, callback)."
            )
        kind = callback if is_class else type(callback)
        for refused, reason in reasons.items():
            if issubclass(kind, refused):
                raise InvalidInputError(f"callbacks holds {kind.__name__}, {reason}")
        if getattr(callback, "load_best", False):
            raise InvalidInputError(
                f"callbacks holds {kind.__name__} with load_best=True, but it knows nothing of the "
                "running average, which predicts. Use early_stopping=True, which keeps the best."
            )
        if issubclass(kind, (EarlyStopping, Checkpoint)) and not is_validated:
            monitor = (callback() if is_class else callback).monitor
            _check_monitor(kind.__name__, monitor, is_begun)


def _check_monitor(name: str, monitor: Any, is_begun: bool) -> None:
    if isinstance(monitor, str) and monitor.startswith("valid_"):
        if is_begun:
            raise InvalidInputError(
                f"callbacks held {name} with monitor={monitor!r} when training began, and goes on "
                "with it, but no rows are held out now. Use fit with early_stopping=True, or "
                "begin anew with other callbacks."
            )
        instead = "train_loss_best" if monitor.endswith("_best") else "train_loss"
        raise InvalidInputError(
            f"callbacks holds {name} with monitor={monitor!r}, but no rows are held out. Use fit "
            f"with early_stopping=True, or monitor={instead!r}."
        )


def parse_augment(word: str) -> str | tuple[str, ...] | None:
    """Turn a word of a command line into a value of `augment`.

    Raises
    ------
    InvalidInputError
        If a name is unknown.

    Examples
    --------
    >>> from sgan_classifier._options import parse_augment
    >>> parse_augment("shift, flip"), parse_augment("auto"), parse_augment("none")
    (('shift', 'flip'), 'auto', None)
    """
    if word in ("auto", "none"):
        return "auto" if word == "auto" else None
    return _known_names(
        tuple(name.strip() for name in word.split(",")),
        "Join them by commas, or pass auto or none.",
    )


def _known_names(names: tuple[str, ...], remedy: str) -> tuple[str, ...]:
    unknown = [name for name in names if name not in AUGMENTATIONS]
    if unknown:
        raise InvalidInputError(
            f"augment has the unknown name {unknown[0]!r}; the names are "
            f"{', '.join(AUGMENTATIONS)}. {remedy}"
        )
    return names


def resolve_augment(
    augment: Any, layout: Layout, *, has_pseudo_labels: bool
) -> tuple[str, ...] | Callable:
    """Return names of augmentations, or the callable that was given."""
    if callable(augment):
        return augment
    if augment is None or (augment == "auto" and not layout.is_image):
        return ()
    if augment == "auto":
        is_cut_out = has_pseudo_labels and min(layout.input_shape[1:]) >= CUTOUT_FROM
        return ("shift", "cutout") if is_cut_out else ("shift",)
    names = _known_names(
        (augment,) if isinstance(augment, str) else tuple(augment),
        "A callable on a batch may be passed instead.",
    )
    if not layout.is_image and names:
        raise InvalidInputError(
            f"augment={augment!r} is for images, but X is a table of {layout.input_shape[0]} "
            "features. Use augment='auto', None or a callable."
        )
    return names
