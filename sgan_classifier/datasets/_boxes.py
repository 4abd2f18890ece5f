"""Boxes around craters: x and y of the upper left corner, width and height, in pixels."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidInputError

Boxes = NDArray[np.float64]

WINDOW = 1.6  # side of a patch over the diameter of the crater in its middle
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
    """Read the table of boxes of a scene: columns ID, X, Y, W, H and others.

    Parameters
    ----------
    path : Path
        Text, separated by commas or tabs, with one line of column names.

    Returns
    -------
    ndarray of shape (n, 4), float64

    Raises
    ------
    InvalidInputError
        If a line does not hold the numbers.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        rows = [[float(cell) for cell in re.split(r"[,\t]", line)[1:5]] for line in lines[1:]]
        return np.array(rows, dtype=float).reshape(len(rows), 4)
    except ValueError as error:
        raise InvalidInputError(f"{path} is no table of boxes: {error}.") from error


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
