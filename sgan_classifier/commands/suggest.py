"""`sgan-classifier suggest`."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from ..exceptions import InvalidInputError
from ._common import (
    ForceOption,
    ModelArgument,
    QuietOption,
    check_output,
    load_model,
    nicely_interrupted,
    printable,
    say,
    warn_of_skipped,
)

if TYPE_CHECKING:
    from .._base import BaseImageClassifier

Strategy = Literal["margin", "entropy", "core_set", "badge", "weighted_kmeans"]


def suggest(
    model: ModelArgument,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The images: a folder a class, and one named unlabeled."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The list, such as suggestions.csv."),
    ],
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="How many images to suggest.")
    ] = 20,
    strategy: Annotated[Strategy, typer.Option(help="What makes an image worth a label.")] = (
        "margin"
    ),
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The contact sheet; by default named as the list, ending in .png."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Breaks ties, and draws for badge.")] = 0,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Suggest which unlabelled images to label next.

    Writes a list with a row an image (rank, file, the class it is taken for, and the probability of
    each class), and a contact sheet that shows the images in the same order. Move them from the
    folder named unlabeled to those of their classes, and fit again. Needs matplotlib.

    margin and entropy take the images that the model doubts most, badge and weighted_kmeans doubted
    ones that differ from each other, core_set those least like the labelled ones.

    \b
    Example:
      sgan-classifier suggest m.safetensors images -o suggestions.csv -n 30
    """
    from ..datasets._image_list import list_images
    from ..plotting._style import check_matplotlib

    check_matplotlib()
    sheet = output.with_suffix(".png") if sheet is None else sheet
    if sheet == output:
        raise InvalidInputError(f"The list and the sheet are both to be {output}. Name another.")
    check_output(output, force)
    check_output(sheet, force)
    _check_picture(sheet)
    estimator = load_model(model)
    listed = list_images(folder, labeled=True)
    skipped = listed.skipped
    with nicely_interrupted("Nothing was written."):
        rows, X = _read(estimator, folder, listed.files, skipped, quiet)
        warn_of_skipped(folder, skipped)
        codes = np.array(listed.codes)[rows]
        chosen = _choose(estimator, X, codes, number, strategy, seed)
        files = [listed.files[rows[i]] for i in chosen]
        probabilities = estimator.predict_proba(X[chosen])
        _draw_sheet(sheet, estimator, X[chosen], files, probabilities)
        _write_list(output, estimator.classes_, files, probabilities)
    say(f"Saved {len(files)} suggestions to {output} and their images to {sheet}")


def _check_picture(path: Path) -> None:
    from matplotlib.figure import Figure

    known = Figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise InvalidInputError(
            f"--sheet {path}: no picture of that kind can be drawn. Let the name end in one of "
            f"{', '.join(f'.{name}' for name in known)}."
        )


def _read(
    estimator: BaseImageClassifier,
    folder: Path,
    files: list[str],
    skipped: dict[str, str],
    quiet: bool,
) -> tuple[list[int], NDArray]:
    """Read what can be read; return the places in `files`, and the images as the model's X."""
    from tqdm import tqdm

    from ._model_images import read_batches

    places: list[int] = []
    batches = []
    with tqdm(total=len(files), desc="images", unit=" files", disable=quiet) as bar:
        for rows, X in read_batches(estimator, folder, files, skipped):
            places.extend(rows)
            batches.append(X)
            bar.update(rows[-1] + 1 - bar.n)
    if not batches:
        raise InvalidInputError(f"{folder} holds no image that can be read.")
    return places, np.concatenate(batches)


def _choose(
    estimator: BaseImageClassifier,
    X: NDArray,
    codes: NDArray[np.int64],
    number: int,
    strategy: str,
    seed: int,
) -> NDArray[np.int64]:
    from ..active import suggest as suggest_rows

    n_unlabeled = int(np.sum(codes == -1))
    if number > n_unlabeled:
        raise InvalidInputError(
            f"There are {n_unlabeled} unlabelled images, fewer than the {number} asked for. Put "
            "more into the folder named unlabeled, or ask for fewer with -n."
        )
    return suggest_rows(estimator, X, number, y=codes, strategy=strategy, random_state=seed)


def _write_list(path: Path, classes: NDArray, files: list[str], probabilities: NDArray) -> None:
    # names of files are bytes to the system, and are written as such
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as table:
        writer = csv.writer(table)
        writer.writerow(["rank", "file", "class", *(f"probability_{name}" for name in classes)])
        for i, (file, row) in enumerate(zip(files, probabilities, strict=True)):
            writer.writerow([i + 1, file, classes[row.argmax()], *(f"{p:.6g}" for p in row)])


def _draw_sheet(
    path: Path,
    estimator: BaseImageClassifier,
    X: NDArray,
    files: list[str],
    probabilities: NDArray,
) -> None:
    from ..plotting import ContactSheetDisplay
    from ..plotting._images import as_images

    captions = [
        f"{i + 1}\n{printable(Path(file).name)}\n"
        f"{printable(str(estimator.classes_[row.argmax()]))} {row.max():.2f}"
        for i, (file, row) in enumerate(zip(files, probabilities, strict=True))
    ]
    display = ContactSheetDisplay(as_images(X, estimator), captions).plot()
    with warnings.catch_warnings():
        # a box stands for what the font has no letter for
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        display.figure_.savefig(path, dpi=150)
