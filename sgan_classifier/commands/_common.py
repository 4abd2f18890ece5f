"""What the commands share: options, messages, output files, models."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..exceptions import InvalidInputError, UnreadableImageWarning

if TYPE_CHECKING:
    from .._base import BaseImageClassifier

FAILED, INTERRUPTED = 1, 130

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="File that `fit` or persistence.save wrote.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse the folder if any file in it cannot be read.")
]


def printable(text: str) -> str:
    """Replace bytes of names that are no text, which no font can draw and no terminal show."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def say(text: str = "") -> None:
    """Write a line of results."""
    typer.echo(printable(text))


def note(text: str) -> None:
    """Write a line about the course of things, to standard error."""
    typer.echo(printable(text), err=True)


def stop(text: str) -> typer.Exit:
    """Return what to raise after Ctrl-C, and say what is kept."""
    note(f"\nStopped. {text}")
    return typer.Exit(INTERRUPTED)


def check_output(path: Path, force: bool, *, in_place: bool = True) -> None:
    """Find out before the work whether a file can be written at its end.

    Parameters
    ----------
    path : Path
        Missing folders are made.
    force : bool
        Whether an existing file may be replaced.
    in_place : bool, default=True
        Whether an existing file is opened, so that it must be writable; else another takes its
        place.
    """
    if not in_place:  # what a link points to is replaced, and not the link
        path = Path(os.path.realpath(path))
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder. Pass the name of a file.")
    if path.exists() and not path.is_file():
        raise InvalidInputError(
            f"{path} is a device, a pipe or the like, and no file. Pass the name of a file."
        )
    if path.exists() and not force:
        raise InvalidInputError(f"{path} exists. Pass another name, or --force to replace it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidInputError(f"{path} would lie in a file. Pass another name.") from error
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"{path.parent} may not be written to by this user.")
    if in_place and path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} may not be written to by this user. Pass another name.")


def load_model(path: Path) -> BaseImageClassifier:
    """Load a model and say which it is."""
    from ..persistence import load

    if not path.is_file():
        raise InvalidInputError(f"There is no model {path}. Make one with: sgan-classifier fit")
    model = load(path)
    classes = ", ".join(map(str, model.classes_))
    note(f"{path}: {type(model).__name__} after {model.n_iter_} steps, classes {classes}")
    return model


@contextmanager
def nicely_interrupted(what_is_kept: str) -> Iterator[None]:
    """Say what is kept if Ctrl-C is pressed inside."""
    try:
        yield
    except KeyboardInterrupt:
        raise stop(what_is_kept) from None


def count_classes(codes: list[int], class_names: Sequence[str]) -> str:
    """Describe labels, such as "crater 25, plain 25, unlabelled 950"."""
    counts = [f"{name} {codes.count(code)}" for code, name in enumerate(class_names)]
    if -1 in codes:
        counts.append(f"unlabelled {codes.count(-1)}")
    return ", ".join(counts)


def warn_of_skipped(folder: Path, skipped: dict[str, str]) -> None:
    """Warn of what could not be read, by name."""
    from ..datasets._image_folder import skipped_message

    if skipped:
        warnings.warn(skipped_message(folder, skipped), UnreadableImageWarning, stacklevel=2)
