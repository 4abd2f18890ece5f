"""Image files in the size, colours, type and layout that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..exceptions import InvalidInputError, UnreadableImageError

if TYPE_CHECKING:
    from .._base import BaseImageClassifier

BATCH = 256  # files at a time: memory does not grow with the folder


def read_batches(
    model: BaseImageClassifier,
    root: Path,
    files: Sequence[str],
    skipped: dict[str, str],
) -> Iterator[tuple[list[int], NDArray]]:
    """Read files in batches, as `X` for a model.

    Parameters
    ----------
    model : SGANClassifier or CNNClassifier
        Fitted on images.
    root : Path
    files : sequence of str
        Relative to `root`.
    skipped : dict of str to str
        Takes what cannot be read, and why.

    Yields
    ------
    rows : list of int
        The places in `files` that could be read.
    X : ndarray of shape (len(rows), ...)
        In the layout of the `X` that the model was fitted on.

    Raises
    ------
    InvalidInputError
        If the model was not fitted on images, or on images that no file can hold.
    """
    from .._scale_checks import largest_in_fit
    from ..datasets._image_file import read_pixels
    from ..datasets._white import warn_of_low_white

    layout = model._layout
    if not layout.is_image or layout.input_shape[0] not in (1, 3):
        raise InvalidInputError(
            f"The model was fitted on rows of shape {layout.row_shape}, not on grey or colour "
            "images, so that files cannot be shown to it. Call its predict from Python."
        )
    channels, height, width = layout.input_shape
    mode = "grey" if channels == 1 else "rgb"
    fitted = str(getattr(model, "_fit_dtype", None))
    dtype = fitted if fitted in ("uint8", "uint16") else "float32"
    greatest = {"uint16": largest_in_fit(model.net_.scaler) or 0.0} if dtype == "uint16" else {}
    for start in range(0, len(files), BATCH):
        rows, images = [], []
        for i in range(start, min(start + BATCH, len(files))):
            try:
                images.append(read_pixels(root / files[i], (height, width), mode, dtype, greatest))
            except UnreadableImageError as error:
                skipped[files[i]] = str(error)
            else:
                rows.append(i)
        if rows:
            batch = np.stack(images).reshape(len(rows), height, width, channels)
            yield rows, layout.from_channels_first(np.moveaxis(batch, -1, 1))
    warn_of_low_white(root, greatest, dtype)


def predict_batches(
    model: BaseImageClassifier,
    root: Path,
    files: Sequence[str],
    skipped: dict[str, str],
    *,
    quiet: bool,
) -> Iterator[tuple[list[int], NDArray, NDArray]]:
    """Read and predict files in batches, behind a progress bar.

    Parameters
    ----------
    model, root, files, skipped
        As in `read_batches`.
    quiet : bool

    Yields
    ------
    rows : list of int
    X : ndarray of shape (len(rows), ...)
    probabilities : ndarray of shape (len(rows), n_classes)
    """
    with tqdm(total=len(files), desc="predictions", unit=" files", disable=quiet) as bar:
        for rows, X in read_batches(model, root, files, skipped):
            yield rows, X, model.predict_proba(X)
            bar.update(rows[-1] + 1 - bar.n)
