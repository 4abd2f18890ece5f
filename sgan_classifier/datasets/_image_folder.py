"""A folder of image files, a folder a class, as arrays."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..exceptions import InvalidInputError, UnreadableImageError, UnreadableImageWarning
from ._image_choice import Wanted, choose, mixes_floats, warn_of_few_colours
from ._image_file import ImageHeader, read_header, read_pixels
from ._image_list import SUFFIXES, list_images
from ._white import warn_of_low_white

MODES = ("auto", "grey", "rgb")
DTYPES = (None, "uint8", "uint16", "float32")
_N_NAMED = 10  # files that a message names


@dataclass(frozen=True)
class ImageFolder:
    """Images, labels and names of the files of a folder.

    Attributes
    ----------
    X : ndarray of shape (n, height, width) or (n, height, width, 3)
        The images, uint8, uint16 or float32.
    y : ndarray of shape (n,), int64
        The place of each image's class in `class_names`, or -1 where it is unlabelled.
    class_names : list of str
        The names of the class folders, sorted.
    files : ndarray of shape (n,), object
        The file of each image, as a str relative to `path`.
    path : Path
        The folder.
    skipped : dict of str to str
        What was left out, and why; paths relative to `path`.
    """

    X: NDArray
    y: NDArray[np.int64]
    class_names: list[str]
    files: NDArray[np.object_]
    path: Path
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> NDArray[np.object_]:
        """The class names of the images, an object array of shape (n,); None where unlabelled.

        Fit on them where predictions shall be names.
        """
        return np.array([*self.class_names, None], dtype=object)[self.y]


def load_image_folder(
    path: str | os.PathLike,
    *,
    labeled: bool = True,
    image_size: tuple[int, int] | int | None = None,
    mode: str = "auto",
    dtype: str | None = None,
    on_error: str = "warn",
    verbose: int | bool = 0,
) -> ImageFolder:
    """Load the images of a folder that holds one folder a class.

    The images of ``path/<class>/`` get that class, those of ``path/unlabeled/`` (``unlabelled/``
    is the same) and of the folders in it get -1. They may be PNG, JPEG or TIFF files of 8 or 16
    bits or TIFF files of floats, grey or in colour, whatever their names end in. Hidden files are
    not looked at, nor what other programs put beside images: ``.aux.xml``, ``.tfw``, ``.pgw``,
    ``.jgw``, ``.wld``, ``Thumbs.db`` and ``desktop.ini``.

    Parameters
    ----------
    path : str or path
    labeled : bool, default=True
        False takes all images as unlabelled, those in `path` itself and those in the folders in it,
        however deep, as before a prediction.
    image_size : int or (height, width), optional
        Size of the images in pixels. Others are resized bicubically, without regard to their
        proportions. By default the median height and the median width of the files.
    mode : {"auto", "grey", "rgb"}, default="auto"
        "auto" is grey if every file is, else colour. Palettes and RGB count as colour, even where
        all their colours are greys. Transparency is dropped.
    dtype : {"uint8", "uint16", "float32"}, optional
        By default the smallest that holds all files; among files of 16 bits, those of 8 bits are
        multiplied by 257, white to white, which takes it that values of 16 bits fill their range:
        those of a camera of 12 bits do not. With "float32", integers keep their values.
    on_error : {"warn", "raise"}, default="warn"
        Whether to leave out what cannot be read with a warning, or to refuse the folder. Either
        names the files: damaged or empty ones, what is no image, images of more than 50
        megapixels, several pages or bands beyond grey or colour, with values that are not finite,
        TIFF files of floats that mark pixels as without data, symbolic links that lead out of
        `path` or, deeper in it, to folders, folders within class folders, images beside the class
        folders, and class folders without an image.
    verbose : int or bool, default=0
        Whether to show progress bars.

    Returns
    -------
    ImageFolder
        With `X`, `y`, `class_names`, `files`, `labels` and `skipped`.

    Raises
    ------
    InvalidInputError
        If there is no such folder, no class folder in it, or no image that can be read; or if
        floats and integers are mixed without `dtype`.
    UnreadableImageError
        With ``on_error="raise"``, if anything cannot be read.

    Warns
    -----
    UnreadableImageWarning
        With ``on_error="warn"``, if anything cannot be read.
    InputScaleWarning
        If 8 and 16 bits are converted into each other, and no file of 16 bits holds a value of more
        than 14 bits.
    FewColoursWarning
        If ``mode="auto"`` makes all images colour for fewer than 5 % of the files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from sgan_classifier.datasets import load_image_folder
    >>> patches = TemporaryDirectory()
    >>> for name in ["crater/a.png", "plain/b.png", "unlabeled/c.png"]:
    ...     path = Path(patches.name, name)
    ...     path.parent.mkdir()
    ...     Image.new("L", (32, 32), 90).save(path)
    >>> images = load_image_folder(patches.name)
    >>> images.X.shape, images.y.tolist(), images.class_names
    ((3, 32, 32), [0, 1, -1], ['crater', 'plain'])
    >>> images.labels.tolist()
    ['crater', 'plain', None]
    >>> images.files.tolist()
    ['crater/a.png', 'plain/b.png', 'unlabeled/c.png']
    >>> patches.cleanup()
    """
    _check_options(mode, dtype, on_error)
    root = Path(path)
    class_names, files, codes, skipped = list_images(root, labeled=labeled)
    headers: dict[int, ImageHeader] = {}
    for i in tqdm(range(len(files)), "headers", unit=" files", disable=not verbose):
        try:
            headers[i] = read_header(root / files[i])
        except UnreadableImageError as error:
            skipped[files[i]] = str(error)
    if dtype is None and mixes_floats(headers):
        # before the folder is refused: a damaged file counts for nothing
        _leave_out_damaged(root, files, headers, skipped)
    X, rows = np.empty((0, 1, 1), np.uint8), list(headers)
    greatest: dict[str, float] = {}
    chosen, wanted = None, choose(image_size, mode, dtype, files, headers)
    while rows and chosen != wanted:  # as far as it takes without the files found to be damaged
        chosen = wanted
        X, rows = _read_all(root, files, headers, skipped, greatest, chosen, verbose)
        if rows:
            wanted = choose(image_size, mode, dtype, files, headers)
    y = np.array([codes[i] for i in rows], dtype=np.int64)
    class_names, y = drop_empty_classes(class_names, y, skipped)
    _report(root, skipped, on_error)
    if not rows:
        raise InvalidInputError(f"{root} holds no image that can be read.{_named(skipped)}")
    warn_of_low_white(root, greatest, wanted.dtype)
    warn_of_few_colours(root, mode, files, headers)
    names = np.empty(len(rows), dtype=object)
    names[:] = [files[i] for i in rows]
    return ImageFolder(X[: len(rows)], y, class_names, names, root, skipped)


def _read_all(
    root: Path,
    files: Sequence[str],
    headers: dict[int, ImageHeader],
    skipped: dict[str, str],
    greatest: dict[str, float],
    wanted: Wanted,
    verbose: int | bool,
) -> tuple[NDArray, list[int]]:
    """Return the images, and the number of the file of each; damaged files lose their header."""
    colours = (3,) if wanted.mode == "rgb" else ()
    X = np.empty((len(headers), *wanted.size, *colours), wanted.dtype)
    rows: list[int] = []
    for i in tqdm(list(headers), "images", unit=" files", disable=not verbose):
        try:
            X[len(rows)] = read_pixels(root / files[i], *wanted, greatest)
        except UnreadableImageError as error:
            skipped[files[i]] = str(error)
            del headers[i]
        else:
            rows.append(i)
    return X, rows


def _leave_out_damaged(
    root: Path, files: Sequence[str], headers: dict[int, ImageHeader], skipped: dict[str, str]
) -> None:
    for i, header in list(headers.items()):
        try:
            read_pixels(root / files[i], (header.height, header.width), "rgb", header.dtype)
        except UnreadableImageError as error:
            skipped[files[i]] = str(error)
            del headers[i]


def _check_options(mode: str, dtype: str | None, on_error: str) -> None:
    for name, value, allowed in (
        ("mode", mode, MODES),
        ("dtype", dtype, DTYPES),
        ("on_error", on_error, ("warn", "raise")),
    ):
        if value not in allowed:
            raise InvalidInputError(
                f"{name}={value!r} is not one of {', '.join(map(repr, allowed))}."
            )


def drop_empty_classes(
    class_names: list[str], y: NDArray[np.int64], skipped: dict[str, str]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of the classes that have images, and `y` (n,) in their places."""
    counts = Counter(y.tolist())
    kept = [code for code in range(len(class_names)) if counts[code]]
    for code, name in enumerate(class_names):
        if not counts[code]:
            skipped[f"{name}/"] = "is a class folder without an image that can be read"
    new_codes = np.full(len(class_names) + 1, -1, dtype=np.int64)  # the last for -1
    new_codes[kept] = np.arange(len(kept))
    return [class_names[code] for code in kept], new_codes[y]


def _report(root: Path, skipped: dict[str, str], on_error: str) -> None:
    if not skipped:
        return
    if on_error == "raise":
        raise UnreadableImageError(
            f"{_amount(root, skipped)} cannot be read. Mend or remove them, or leave them out "
            f'with on_error="warn", on the command line without --strict.{_named(skipped)}'
        )
    warnings.warn(skipped_message(root, skipped), UnreadableImageWarning, stacklevel=3)


def skipped_message(root: Path, skipped: dict[str, str]) -> str:
    """Say what of a folder was left out, and why."""
    verb = "is" if len(skipped) == 1 else "are"
    return f"{_amount(root, skipped)} cannot be read and {verb} left out.{_named(skipped)}"


def _amount(root: Path, skipped: dict[str, str]) -> str:
    return f"{len(skipped)} {'entry' if len(skipped) == 1 else 'entries'} of {root}"


def _named(skipped: dict[str, str]) -> str:
    """List the first of what was left out; repr() keeps a name with a line break in its line."""
    # what is called an image was meant to be read
    names = sorted(skipped, key=lambda name: not name.lower().endswith(SUFFIXES))
    lines = [f"\n  {name!r} {skipped[name]}" for name in names[:_N_NAMED]]
    if len(skipped) > _N_NAMED:
        lines.append(f"\n  and {len(skipped) - _N_NAMED} more")
    return "".join(lines)
