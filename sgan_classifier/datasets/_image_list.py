"""Which files of a folder are to be read as images, and what class each has."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .._labels import is_unlabeled
from ..exceptions import InvalidInputError

UNLABELED_FOLDERS = ("unlabeled", "unlabelled")
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
# what other programs put beside images: world files, GDAL's notes, thumbnails
_COMPANIONS = (".aux.xml", ".tfw", ".pgw", ".jgw", ".wld", "thumbs.db", "desktop.ini")


class ImageList(NamedTuple):
    """What lies in a folder of images.

    Attributes
    ----------
    class_names : list of str
        Sorted.
    files : list of str
        Paths relative to the folder, sorted by class and name, the unlabelled last. Unlabelled ones
        may lie in folders within folders.
    codes : list of int
        The class of each file, or -1.
    skipped : dict of str to str
        What is not to be read, and why.
    """

    class_names: list[str]
    files: list[str]
    codes: list[int]
    skipped: dict[str, str]


def list_images(root: Path, *, labeled: bool) -> ImageList:
    """List the files of ``root/<class>/`` or, without labels, of `root` and all folders in it.

    Parameters
    ----------
    root : Path
    labeled : bool

    Returns
    -------
    ImageList

    Raises
    ------
    InvalidInputError
        If `root` is no folder, or labels are wanted and there is no class folder.
    """
    if not root.is_dir():
        what = "a file" if root.exists() else "not there"
        raise InvalidInputError(f"{root} is {what}; expected a folder of images.")
    skipped: dict[str, str] = {}
    folders = []
    files: list[str] = []
    for entry in _visible(root):
        is_link = entry.is_symlink() and not labeled  # which could lead round in a circle
        if not entry.is_dir() or is_link:
            if not labeled:
                files.extend(_usable(root, entry, skipped))
            elif entry.suffix.lower() in SUFFIXES:
                skipped[entry.name] = "lies beside the class folders, not in one"
        elif _is_inside(root, entry):
            folders.append(entry)
        else:
            skipped[f"{entry.name}/"] = _LEADS_OUT
    class_names = [f.name for f in folders if f.name.lower() not in UNLABELED_FOLDERS]
    if labeled:
        _check_class_names(root, class_names)
    else:
        class_names = []
    codes = [-1] * len(files)
    # the class folders come first, whatever their names
    for folder in sorted(folders, key=lambda f: (f.name not in class_names, f.name)):
        code = class_names.index(folder.name) if folder.name in class_names else -1
        found = list(_usable_in(root, folder, skipped, deep=code == -1))
        files.extend(found)
        codes.extend([code] * len(found))
    return ImageList(class_names, files, codes, skipped)


_LEADS_OUT = "is a symbolic link out of the folder; put the file itself there"


def _visible(folder: Path) -> list[Path]:
    """List what is neither hidden nor a companion of images."""
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".")
        and not (entry.name.lower().endswith(_COMPANIONS) and entry.is_file())
    )


def _is_inside(root: Path, entry: Path) -> bool:
    try:
        return entry.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link in a circle leads nowhere
        return True


def _may_read(entry: Path) -> bool:
    return os.access(entry, os.R_OK | os.X_OK if entry.is_dir() else os.R_OK)


def _usable_in(root: Path, folder: Path, skipped: dict[str, str], *, deep: bool) -> Iterator[str]:
    """List the usable files of a folder, and with `deep` those of the folders in it."""
    for entry in _visible(folder):
        # a link could lead round in a circle
        if deep and entry.is_dir() and not entry.is_symlink() and _may_read(entry):
            yield from _usable_in(root, entry, skipped, deep=True)
        else:
            yield from _usable(root, entry, skipped)


def _usable(root: Path, entry: Path, skipped: dict[str, str]) -> Iterator[str]:
    name = entry.relative_to(root).as_posix()
    if not _is_inside(root, entry):
        skipped[name] = _LEADS_OUT
    elif entry.exists() and not _may_read(entry):
        skipped[name] = "may not be read by this user"
    elif entry.is_dir():
        n = _count_images(entry)
        skipped[f"{name}/"] = (
            f"is a {'link to a folder' if entry.is_symlink() else 'folder within a folder'}, with "
            f"{n} image{'' if n == 1 else 's'} in it, which is not looked into"
        )
    elif not entry.is_file():  # a pipe would be waited for
        skipped[name] = "is a broken link" if entry.is_symlink() else "is no regular file"
    else:
        yield name


def _count_images(folder: Path) -> int:
    n = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # walked next
        n += sum(name.lower().endswith(SUFFIXES) and name[0] != "." for name in names)
    return n


def _check_class_names(root: Path, class_names: list[str]) -> None:
    if not class_names:
        raise InvalidInputError(
            f"{root} has no class folder. Put the images of each class into a folder with its "
            f"name, such as {root}/crater/ and {root}/other/, and those without a label into "
            f"{root}/unlabeled/."
        )
    for name in class_names:
        try:
            is_unlabeled([name])
        except ValueError:
            raise InvalidInputError(
                f'{root} has a class folder called {name!r}, which reads as "unlabelled". '
                "Rename it to the class, or to unlabeled."
            ) from None
