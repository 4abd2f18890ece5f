"""`sgan-classifier fit`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer

from .. import CNNClassifier, SGANClassifier
from .._class_prior import label_proportions
from .._device import resolve_device
from .._options import parse_augment
from ..exceptions import (
    InvalidInputError,
    NoUnlabeledRowsWarning,
    TrainingInterruptedWarning,
)
from ._common import (
    INTERRUPTED,
    ForceOption,
    QuietOption,
    StrictOption,
    check_output,
    count_classes,
    note,
    say,
    stop,
)
from ._settings import parse_settings

if TYPE_CHECKING:
    from ..datasets import ImageFolder

Method = Literal["sgan", "cnn"]
Colours = Literal["auto", "grey", "rgb"]


def fit(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds a folder of images for each class.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The model, such as m.safetensors."),
    ],
    method: Annotated[
        Method, typer.Option(help="The SGAN, or the same network on the labels alone.")
    ] = "sgan",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Training steps.  [default: the estimator's, 1000]")
    ] = None,
    augment: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Changes that leave the class of an image what it is: shift, flip, "
            "flip_vertical, rotate90, affine, brightness, cutout, joined by commas; or auto; or "
            "none.",
        ),
    ] = "auto",
    size: Annotated[
        int | None,
        typer.Option(min=4, help="Side of the images in pixels.  [default: the files' median]"),
    ] = None,
    colours: Annotated[Colours, typer.Option(help="auto is grey if all files are.")] = "auto",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other parameter of the estimator, such as balance_weight=0. May be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    strict: StrictOption = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a classifier on a folder of images.

    FOLDER holds a folder for each class with its few labelled images, and the folder "unlabeled"
    with all others: craters/crater/*.png, craters/other/*.png, craters/unlabeled/*.png. Reads PNG,
    JPEG and TIFF, 8 or 16 bits, grey or in colour. What cannot be read is named and left out.

    Ctrl-C ends the training early and saves the model as it is then; before its first step there
    is none to save.

    \b
    Example:
      sgan-classifier fit craters -o m.safetensors --augment shift,flip,rotate90
    The model in Python:
      sgan_classifier.persistence.load("m.safetensors")
    """
    from ..datasets import load_image_folder
    from ..persistence import save

    check_output(output, force, in_place=False)
    estimator = _make_estimator(method, steps, augment, settings or [], seed, device, quiet)
    images = load_image_folder(
        folder,
        image_size=size,
        mode=colours,
        on_error="raise" if strict else "warn",
        verbose=not quiet,
    )
    _check_labels(images, method)
    height, width = images.X.shape[1:3]
    colour = "grey" if images.X.ndim == 3 else "colour"
    say(f"{folder}: {count_classes(images.y.tolist(), images.class_names)}")
    say(f"Images of {height} x {width} pixels, {colour}, {images.X.dtype}")
    started = time.perf_counter()
    with _interruption_noticed() as interrupted:
        try:
            estimator.fit(images.X, images.labels)
        except KeyboardInterrupt:
            if not hasattr(estimator, "net_"):
                raise stop("Nothing had been learnt that could be saved.") from None
            interrupted.append(True)  # after the last step
    save(estimator, output)
    labelled = images.y >= 0
    accuracy = estimator.score(images.X[labelled], images.labels[labelled])
    say(
        f"Trained {estimator.n_iter_} steps in {time.perf_counter() - started:.0f} s; right on "
        f"{accuracy:.1%} of the {labelled.sum()} labelled images that it was trained on."
    )
    _say_shares(estimator)
    _say_threshold(estimator)
    say(f"Saved {output}")
    if interrupted:
        note(f"Stopped early: {output} holds the model after {estimator.n_iter_} steps.")
        raise typer.Exit(INTERRUPTED)


def _check_labels(images: ImageFolder, method: Method) -> None:
    """Say in terms of folders what the estimator would say of y."""
    root, names = images.path, images.class_names
    if len(names) < 2:
        raise InvalidInputError(
            f"{root} has images of {len(names)} class{'' if names else 'es'}"
            f"{''.join(f' ({name})' for name in names)}; at least 2 are needed. Put the images of "
            f"each class into a folder of its own, such as {root}/crater/ and {root}/other/; "
            "unlabeled/ is no class."
        )
    if method == "sgan" and (images.y >= 0).all():
        warnings.warn(
            f"{root} has no unlabelled images: the SGAN learns from the labelled ones alone. Put "
            f"images without a label into {root}/unlabeled/.",
            NoUnlabeledRowsWarning,
            stacklevel=3,
        )


def _make_estimator(
    method: Method,
    steps: int | None,
    augment: str,
    settings: list[str],
    seed: int,
    device: str,
    quiet: bool,
) -> Any:
    kind = SGANClassifier if method == "sgan" else CNNClassifier
    parameters = parse_settings(settings, [kind])
    if steps is not None:
        parameters["max_iter"] = steps
    estimator = kind(
        augment=parse_augment(augment),
        random_state=seed,
        device=device,
        verbose=int(not quiet),
        **parameters,
    )
    estimator._validate_params()  # before the images are read
    resolve_device(device)
    return estimator


def _say_shares(estimator: Any) -> None:
    """Say what shares the unlabelled images were found to have, if others than the labels'."""
    if getattr(estimator, "class_prior", None) != "auto" or estimator.class_weight is not None:
        return
    taken = estimator.class_prior_
    if np.allclose(taken, label_proportions(estimator.net_.label_counts_)):
        return
    shares = ", ".join(
        f"{share:.0%} {name}" for name, share in zip(estimator.classes_, taken, strict=True)
    )
    say(
        f"The unlabelled images were taken to be {shares}, and not as the labelled ones. If you "
        "know better: --set class_prior=SHARE,SHARE,..."
    )


def _say_threshold(estimator: Any) -> None:
    """Say that the labels were found to teach little, if they were."""
    is_found = getattr(estimator, "pseudo_label_threshold", None) == "auto"
    if is_found and estimator.pseudo_label_threshold_ > 0:
        say(
            "The labels teach little: two classifiers that learnt from them alone often disagree. "
            "Only labels of its own that it was at least "
            f"{estimator.pseudo_label_threshold_:.0%} sure of were learnt from. Label more images."
        )


@contextmanager
def _interruption_noticed() -> Iterator[list[bool]]:
    """Yield a list that is filled if Ctrl-C ends the training inside."""
    seen: list[bool] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", TrainingInterruptedWarning)
        warnings.simplefilter("ignore", NoUnlabeledRowsWarning)  # `_check_labels` has told
        show = warnings.showwarning

        def watch(message: Any, category: Any, *details: Any, **more: Any) -> None:
            if issubclass(category, TrainingInterruptedWarning):
                seen.append(True)
            else:
                show(message, category, *details, **more)

        warnings.showwarning = watch
        yield seen
