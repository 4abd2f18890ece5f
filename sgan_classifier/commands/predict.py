"""`sgan-classifier predict`."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..exceptions import InvalidInputError
from ._common import (
    ForceOption,
    ModelArgument,
    QuietOption,
    check_output,
    load_model,
    say,
    stop,
    warn_of_skipped,
)

if TYPE_CHECKING:
    from .._base import BaseImageClassifier


def predict(
    model: ModelArgument,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The images, in it or in folders in it, however deep."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The table, such as predictions.csv."),
    ],
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Predict the classes of the images of a folder.

    Writes a table with a row an image: the file, the class, the probability of each class, and, of
    an SGAN, the realness: the probability that the image is a real one of the kind that it was
    trained on, and not one of its generator's. Images are brought to the size and the colours of
    the training. What cannot be read is named and has no row.

    Ctrl-C leaves the rows that are done.

    \b
    Example:
      sgan-classifier predict m.safetensors images -o predictions.csv
    """
    from ..datasets._image_list import list_images

    check_output(output, force)
    estimator = load_model(model)
    listed = list_images(folder, labeled=False)
    if not listed.files:
        raise InvalidInputError(f"{folder} holds no file that can be read.")
    counter = _Counter()
    try:
        _write_rows(output, estimator, folder, listed.files, listed.skipped, counter, quiet)
    except KeyboardInterrupt:
        done = f"{output} holds {counter.n_rows} of {len(listed.files)} predictions."
        raise stop(done if counter.n_rows else "Nothing was written.") from None
    finally:
        warn_of_skipped(folder, listed.skipped)
    if counter.n_rows == 0:
        raise InvalidInputError(
            f"None of the {len(listed.files)} files of {folder} can be read; nothing was written."
        )
    say(f"Saved {counter.n_rows} predictions to {output}")


class _Counter:
    """Counts rows that are in the file, whatever ends the writing."""

    n_rows = 0


def _write_rows(
    output: Path,
    estimator: BaseImageClassifier,
    folder: Path,
    files: list[str],
    skipped: dict[str, str],
    counter: _Counter,
    quiet: bool,
) -> None:
    from .._forward import judges_realness
    from ._model_images import predict_batches

    has_realness = judges_realness(estimator.net_)
    probabilities = [f"probability_{name}" for name in estimator.classes_]
    with ExitStack() as stack:
        table = None  # opened when there is a row: a table that is there may be wanted until then
        for rows, X, answers in predict_batches(estimator, folder, files, skipped, quiet=quiet):
            lines = [
                [files[i], estimator.classes_[answer.argmax()], *(f"{p:.6g}" for p in answer)]
                for i, answer in zip(rows, answers, strict=True)
            ]
            if has_realness:
                for line, realness in zip(lines, estimator.realness(X), strict=True):
                    line.append(f"{realness:.6g}")
            if table is None:
                # names of files are bytes to the system, and are written as such
                table = stack.enter_context(
                    open(output, "w", newline="", encoding="utf-8", errors="surrogateescape")
                )
                names = ["file", "class", *probabilities, *["realness"] * has_realness]
                csv.writer(table).writerow(names)
            csv.writer(table).writerows(lines)
            table.flush()
            counter.n_rows += len(rows)
