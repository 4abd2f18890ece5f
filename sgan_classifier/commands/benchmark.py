"""`sgan-classifier benchmark`."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from .. import CNNClassifier, SGANClassifier
from .._device import resolve_device
from .._options import parse_augment
from ..exceptions import InvalidInputError
from ._common import (
    ForceOption,
    QuietOption,
    count_classes,
    nicely_interrupted,
    say,
)
from ._settings import parse_settings

if TYPE_CHECKING:
    from ..benchmarking import BenchmarkData

LABELS_PER_CLASS = (5, 10, 25, 50, 100)

Score = Literal["accuracy", "balanced_accuracy"]


def benchmark(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder with a folder of images for each class, or an .npz file with X_train, "
            "y_train, X_test and y_test.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="For the report.")
    ],
    labels: Annotated[
        str,
        typer.Option(
            metavar="N,N,...",
            help='Numbers of labels; "all" keeps all; auto is 5, 10, 25, 50 and 100 a class on '
            "average, as far as they go.",
        ),
    ] = "auto",
    in_proportion: Annotated[
        bool,
        typer.Option(
            "--in-proportion",
            help="Draw labels in the shares that the classes have in DATA, not equally many of "
            "each: for rare classes.",
        ),
    ] = False,
    score: Annotated[
        Score,
        typer.Option(help="What is compared. balanced_accuracy counts each class the same."),
    ] = "accuracy",
    draws: Annotated[int, typer.Option(min=1, help="Draws of labels a number.")] = 5,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Training steps.  [default: the estimator's, 1000]")
    ] = None,
    test_fraction: Annotated[
        float, typer.Option(min=0.05, max=0.9, help="Part of a folder's labels to test on.")
    ] = 0.3,
    augment: Annotated[
        str, typer.Option(metavar="NAMES", help="As for fit; the same for all networks.")
    ] = "auto",
    size: Annotated[
        int | None,
        typer.Option(min=4, help="Side of a folder's images.  [default: the files' median]"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other parameter that SGANClassifier and CNNClassifier share, such as "
            "scaling=standard; the same for all networks, save what makes the recipe of the study. "
            "May be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the first draw, and of the test part.")] = 0,
    jobs: Annotated[int, typer.Option(help="Fits at a time, one thread each.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare methods by number of labels.

    Takes images of your own whose labels you know, hides all but a few of the labels, and measures
    on a held-out part what different methods make of them: the SGAN, the same network without
    unlabelled images, the networks of the 2021 study, LabelSpreading and SelfTraining. Writes a
    report with a table, a figure and a JSON record. Images of a folder "unlabeled" are learnt from,
    too. Needs matplotlib.

    The test part of a folder is drawn at random, so that patches of one scene fall into training
    and test alike, which flatters all methods. Pass an .npz file to choose the test images.

    Takes minutes to hours. Ctrl-C keeps the fits that are done, and the same command goes on. A
    report of another command is replaced only with --force.

    \b
    Example:
      sgan-classifier benchmark craters -o report --labels 10,50,all
    """
    from ..benchmarking import Run, parse_labels, run_label_efficiency
    from ..plotting._style import check_matplotlib

    check_matplotlib()
    if output.exists() and not output.is_dir():
        raise InvalidInputError(f"{output} is a file. Pass a folder as --output.")
    parameters = parse_settings(settings or [], [SGANClassifier, CNNClassifier], fixed=["network"])
    resolve_device(device)
    if augment != "auto":
        parameters["augment"] = parse_augment(augment)
    rows = _load(data, test_fraction, size, seed, quiet)
    rows.parameters.update(parameters)
    counts = np.unique(rows.y_train[rows.y_train != -1], return_counts=True)[1]
    if labels == "auto":
        numbers = _default_labels(counts, in_proportion)
    else:
        numbers = parse_labels(labels.split(","))
        _check_numbers(numbers, counts, in_proportion)
    say(f"{len(rows.X_train)} images to learn from, {len(rows.X_test)} to test on")
    say(f"Numbers of labels: {', '.join(map(str, numbers))}; {draws} draws of each")
    command = _command(
        data,
        output=output,
        labels=",".join(map(str, numbers)),
        in_proportion=in_proportion,
        score=score,
        draws=draws,
        steps=steps,
        test_fraction=test_fraction,
        augment=augment,
        size=size,
        set=settings,
        seed=seed,
        jobs=jobs,
        device=device,
    )
    _check_report(output / f"label_efficiency_{rows.name}.json", command, force)
    run = Run(output, command, n_jobs=jobs, random_state=seed, device=device, verbose=not quiet)
    with nicely_interrupted("Finished fits are kept: the same command goes on from here."):
        run_label_efficiency(
            rows,
            numbers,
            draws,
            run,
            max_iter=steps,
            balanced=not in_proportion,
            scoring=score,
        )
    say(f"Saved {output / f'label_efficiency_{rows.name}.md'}, .json and .png")


def _command(data: Path, **options: Any) -> str:
    """Return the command line that makes the report again."""
    words = ["sgan-classifier", "benchmark", str(data)]
    for name, value in options.items():
        for given in value if isinstance(value, list) else [value]:
            if given is not None and given is not False:
                words.append(f"--{name.replace('_', '-')}")
                words += [] if given is True else [str(given)]
    return shlex.join(words)


def _check_report(record: Path, command: str, force: bool) -> None:
    """Refuse to replace the report of another command, which may have taken hours."""
    if force or not record.exists():
        return
    try:
        other = str(json.loads(record.read_text(encoding="utf-8"))["command"])
    except (ValueError, KeyError, TypeError):
        other = "unknown"
    if _measured(other) != _measured(command):
        raise InvalidInputError(
            f"{record} is there already, of another command: {other}. Pass another --output, or "
            "--force to replace it and the report beside it."
        )


def _measured(command: str) -> list[str]:
    """Return the words of a command without those that change no figure."""
    words = shlex.split(command)
    for option in ("--jobs", "--device"):
        if option in words:
            place = words.index(option)
            del words[place : place + 2]
    return words


def _load(
    data: Path, test_fraction: float, size: int | None, seed: int, quiet: bool
) -> BenchmarkData:
    from ..benchmarking import load_benchmark_data

    if data.is_dir():
        return _load_folder(data, test_fraction, size, seed, quiet)
    if data.suffix != ".npz":
        raise InvalidInputError(f"{data} is neither a folder nor an .npz file.")
    return load_benchmark_data(str(data))


def _load_folder(
    folder: Path, test_fraction: float, size: int | None, seed: int, quiet: bool
) -> BenchmarkData:
    from sklearn.model_selection import train_test_split

    from ..benchmarking import BenchmarkData
    from ..datasets import load_image_folder

    images = load_image_folder(folder, image_size=size, verbose=not quiet)
    say(f"{folder}: {count_classes(images.y.tolist(), images.class_names)}")
    labelled = np.flatnonzero(images.y >= 0)
    counts = np.bincount(images.y[labelled])
    if len(counts) < 2 or counts.min() < 2:
        raise InvalidInputError(
            f"{folder} has too few labels: at least two classes with two images each are needed."
        )
    n_test, n_classes = math.ceil(test_fraction * len(labelled)), len(counts)
    parts: list[NDArray] = []
    if min(n_test, len(labelled) - n_test) >= n_classes:
        parts = train_test_split(
            labelled, test_size=test_fraction, stratify=images.y[labelled], random_state=seed
        )
    if not parts or min(len(np.unique(images.y[part])) for part in parts) < n_classes:
        raise InvalidInputError(
            f"{folder} has {len(labelled)} labelled images of {n_classes} classes, "
            f"{counts.min()} of the rarest; --test-fraction {test_fraction:g} takes {n_test} to "
            f"test on and leaves {len(labelled) - n_test} to learn from, and either needs an image "
            "of each class. Pass another --test-fraction, or label more images."
        )
    train, test = parts
    train = np.concatenate([train, np.flatnonzero(images.y < 0)])
    return BenchmarkData(
        folder.resolve().name, images.X[train], images.y[train], images.X[test], images.y[test]
    )


def _check_numbers(numbers: list[int | str], counts: NDArray, in_proportion: bool) -> None:
    """Say in terms of the command what `mask_labels` would say of its own."""
    n_classes, n_labelled = len(counts), counts.sum()
    most = n_labelled if in_proportion else counts.min() * n_classes
    for number in numbers:
        if isinstance(number, str) or n_classes <= number <= most:  # "all" is always there
            continue
        message = f"--labels {number}: "
        if number < n_classes:
            message += f"there are {n_classes} classes, and each needs a label. Ask for more."
        elif number > n_labelled:
            message += f'only {n_labelled} images to learn from have a label. Pass less, or "all".'
        else:
            message += (
                f"the rarest class has {counts.min()} labels to learn from, too few to draw as "
                f"many of each class. Pass {most} or less, or --in-proportion."
            )
        raise InvalidInputError(message)


def _default_labels(counts: NDArray, in_proportion: bool) -> list[int | str]:
    most = counts.mean() if in_proportion else counts.min()
    few = [n * len(counts) for n in LABELS_PER_CLASS if n < most]
    return [*few, "all"]
