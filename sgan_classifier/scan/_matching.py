"""Candidates against annotated craters, and the threshold that suits a scene."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InvalidInputError
from ._boxes import overlap, square_boxes
from ._candidates import Candidates

HIT, WRONG, IGNORED = 1, 0, -1


@dataclass(frozen=True)
class Matches:
    """Which candidates hit an annotated crater.

    Attributes
    ----------
    score : ndarray of shape (n,)
        Of the candidates, the highest first.
    outcome : ndarray of shape (n,)
        1 hit, 0 wrong, -1 ignored: a hit on an annotated crater too small to count.
    n_annotated : int
        Annotated craters that count.
    """

    score: NDArray[np.float64]
    outcome: NDArray[np.int64]
    n_annotated: int


@dataclass(frozen=True)
class Scores:
    """Precision, recall and their harmonic mean F1, each in [0, 1], of `n_found` candidates."""

    precision: float
    recall: float
    f1: float
    n_found: int


def match_candidates(
    candidates: Candidates,
    boxes: ArrayLike,
    *,
    min_diameter: float = 12.0,
    max_diameter: float = math.inf,
    min_iou: float = 0.3,
) -> Matches:
    """Match candidates with annotated craters, each of them with one at most.

    In the order of their scores, each candidate takes the annotated crater that it overlaps most of
    those not yet taken.

    Parameters
    ----------
    candidates : Candidates
    boxes : array-like of shape (m, 4)
        Annotated craters: x and y of the upper left corner, width and height, in pixels, as
        `sgan_classifier.datasets.CraterScene` holds them.
    min_diameter, max_diameter : float, default=12.0 and inf
        Least and greatest mean side, in pixels, of an annotated crater that counts; pass the
        diameters that were scanned for. Hits on others count neither way.
    min_iou : float, default=0.3
        Least intersection over union of a hit.

    Returns
    -------
    Matches

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.scan import Candidates, match_candidates
    >>> x, y, ones = np.array([10.0, 50.0]), np.array([10.0, 50.0]), np.ones(2)
    >>> found = Candidates(x, y, 16 * ones, np.array([0.5, 0.9]), ones, ones)
    >>> match_candidates(found, [[2, 3, 16, 16]]).outcome
    array([0, 1])
    """
    boxes = _check_boxes(boxes)
    order = np.argsort(-candidates.score, kind="stable")
    sides = 0.5 * (boxes[:, 2] - boxes[:, 0] + boxes[:, 3] - boxes[:, 1])
    counts = (sides >= min_diameter) & (sides <= max_diameter)
    found = square_boxes(candidates.x, candidates.y, candidates.diameter)[order]
    free = counts.copy()
    outcome = np.full(len(order), WRONG)
    for i in range(len(order)):  # one row at a time: all pairs of a large scene fill the memory
        shares = overlap(found[i : i + 1], boxes)[0]
        best = int(np.argmax(np.where(free, shares, -1.0))) if len(boxes) else -1
        if best >= 0 and free[best] and shares[best] >= min_iou:
            free[best] = False
            outcome[i] = HIT
        elif (shares[~counts] >= min_iou).any():
            outcome[i] = IGNORED
    return Matches(candidates.score[order], outcome, int(counts.sum()))


def score_matches(matches: Matches | Sequence[Matches], threshold: float) -> Scores:
    """Return precision, recall and F1 of the candidates of at least `threshold`.

    Parameters
    ----------
    matches : Matches or list of Matches
        Several scenes are counted together.
    threshold : float

    Returns
    -------
    Scores
        Precision is 0 where nothing is found.
    """
    scenes = [matches] if isinstance(matches, Matches) else list(matches)
    kept = [scene.outcome[scene.score >= threshold] for scene in scenes]
    n_hits, n_wrong = (sum(int(np.sum(k == kind)) for k in kept) for kind in (HIT, WRONG))
    n_annotated = sum(scene.n_annotated for scene in scenes)
    precision = n_hits / max(1, n_hits + n_wrong)
    recall = n_hits / max(1, n_annotated)
    f1 = 2 * n_hits / max(1, n_hits + n_wrong + n_annotated)
    return Scores(precision, recall, f1, n_hits + n_wrong)


def choose_threshold(matches: Matches | Sequence[Matches]) -> float:
    """Return the threshold of the best F1 on scenes whose craters are annotated.

    Patches are cut with as many craters as others, while in a scene one window in hundreds shows
    one: what is most often right on patches finds far too much in a scene. So the threshold is
    chosen on a scene; on one that nothing is tested on, or the figures will flatter.

    Parameters
    ----------
    matches : Matches or list of Matches
        Of all candidates of a scene, or of several.

    Returns
    -------
    float
        Halfway between the last score that is kept and the next, so that it does not depend on
        one candidate's last digits.

    Raises
    ------
    InvalidInputError
        If no candidate hits an annotated crater.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier.scan import Matches, choose_threshold
    >>> choose_threshold(Matches(np.array([0.9, 0.7, 0.3, 0.1]), np.array([1, 1, 0, 0]), 2))
    0.5
    """
    scenes = [matches] if isinstance(matches, Matches) else list(matches)
    score = np.concatenate([np.empty(0), *(scene.score for scene in scenes)])
    outcome = np.concatenate([np.empty(0), *(scene.outcome for scene in scenes)])
    order = np.argsort(-score, kind="stable")
    score, outcome = score[order], outcome[order]
    hits, wrong = np.cumsum(outcome == HIT), np.cumsum(outcome == WRONG)
    if len(hits) == 0 or hits[-1] == 0:
        raise InvalidInputError(
            f"None of {len(score)} candidates hits an annotated crater. Check that the boxes are "
            "the scene's, in pixels, and that the estimator can tell craters from other terrain."
        )
    n_annotated = sum(scene.n_annotated for scene in scenes)
    f1 = 2 * hits / (hits + wrong + n_annotated)
    # candidates of one score stand or fall together
    last_of_score = np.append(score[1:] < score[:-1], True)
    best = int(np.argmax(np.where(last_of_score, f1, -1.0)))
    following = score[best + 1] if best + 1 < len(score) else score[best]
    return float(0.5 * (score[best] + following))


def _check_boxes(boxes: ArrayLike) -> NDArray[np.float64]:
    """Return left, top, right and bottom of boxes given by corner, width and height."""
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 4))
    if array.ndim != 2 or array.shape[1] != 4 or not (array[:, 2:] > 0).all():
        raise InvalidInputError(
            f"boxes of shape {array.shape} are no boxes. Give a row for each annotated crater: x "
            "and y of its upper left corner, width and height, both above 0."
        )
    return np.column_stack([array[:, :2], array[:, :2] + array[:, 2:]])
