"""Boxes around craters: x and y of the upper left corner, width and height, in pixels."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidInputError

Boxes = NDArray[np.float64]

WINDOW = 1.6  # side of a patch over the diameter of the crater in its middle
COLUMNS = ("X", "Y", "W", "H")  # upper left corner, width and height
CIRCLES = ("X", "Y", "DIAMETER")  # centre, as in the tables of `scan_scene`
SEPARATORS = "\t;,"
_SAME_CRATER = 0.5  # intersection over union of two boxes


def iou(box: Boxes, boxes: Boxes) -> Boxes:
    """Return the intersection over union of one box with each of several.

    Parameters
    ----------
    box : ndarray of shape (4,)
    boxes : ndarray of shape (n, 4)

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.datasets._boxes import iou
    >>> iou(np.array([0.0, 0, 2, 2]), np.array([[1.0, 0, 2, 2], [9.0, 9, 1, 1]])).round(3)
    array([0.333, 0.   ])
    """
    upper_left = np.maximum(box[:2], boxes[:, :2])
    lower_right = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    common = np.clip(lower_right - upper_left, 0, None).prod(axis=1)
    return common / (box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - common)


def read_boxes(path: Path) -> Boxes:
    """Read the table of boxes of a scene: columns X, Y, W and H, or X, Y and diameter.

    Parameters
    ----------
    path : Path
        Text, separated by commas, semicolons or tabs, with one line of column names. X and Y are
        the upper left corner; beside a diameter, and no W and H, they are the centre.

    Returns
    -------
    ndarray of shape (n, 4), float64
        Of upper left corner, width and height.

    Raises
    ------
    InvalidInputError
        If a column is missing, a quotation mark stands alone, or a line does not hold finite
        numbers, the sizes above 0.
    """
    # names in any other encoding are of no concern here
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    separator = next((mark for mark in SEPARATORS if lines and mark in lines[0]), ",")
    rows = _numbered_rows(path, lines, separator)
    names = [name.strip().upper() for name in rows[0][1]] if rows else []
    columns = CIRCLES if set(CIRCLES) <= set(names) and "W" not in names else COLUMNS
    missing = [name for name in columns if name not in names]
    if missing:
        raise InvalidInputError(
            f"{path} is no table of boxes: its first line names no column {', '.join(missing)}. "
            f"It should name {', '.join(COLUMNS)} or, of circles, {', '.join(CIRCLES)}, separated "
            "by commas, semicolons or tabs."
        )
    places = [names.index(name) for name in columns]
    table: list[list[float]] = []
    for number, cells in rows[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [float(cells[place]) for place in places]
        except (ValueError, IndexError):
            row = [np.nan] * len(columns)
        if not np.isfinite(row).all() or min(row[2:]) <= 0:
            raise InvalidInputError(
                f"{path} is no table of boxes: line {number}, {separator.join(cells)!r}, does not "
                f"hold a number for each of {', '.join(columns)}, those of size above 0."
            )
        table.append(row)
    values = np.array(table, dtype=np.float64).reshape(len(table), len(columns))
    if columns is COLUMNS:
        return values
    x, y, diameter = values.T
    return np.column_stack([x - diameter / 2, y - diameter / 2, diameter, diameter])


def _numbered_rows(path: Path, lines: list[str], separator: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each row, and the number of the line that it begins in."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows, begin = [], 1
    try:
        for cells in reader:
            rows.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInputError(
            f"{path} is no table of boxes: the row that begins in line {begin} cannot be read "
            f"({error}). Look for a quotation mark without its counterpart."
        ) from None
    return rows


def without_duplicates(boxes: Boxes) -> Boxes:
    """Drop a box that overlaps an earlier one by more than half: the same crater, marked twice.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)

    Returns
    -------
    ndarray of shape (m, 4)
    """
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if not (iou(box, boxes[kept]) > _SAME_CRATER).any():
            kept.append(i)
    return boxes[kept]
