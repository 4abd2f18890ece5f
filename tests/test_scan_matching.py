"""Candidates against annotated craters: known answers."""

import numpy as np
import pytest

from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.scan import (
    Candidates,
    Matches,
    choose_threshold,
    match_candidates,
    score_matches,
)


def candidates(*rows):
    """From (x, y, diameter, score)."""
    x, y, diameter, score = np.array(rows, dtype=float).reshape(-1, 4).T
    return Candidates(x, y, diameter, score, score, score)


def box(x, y, width, height=None):
    """A box around a centre."""
    height = width if height is None else height
    return [x - width / 2, y - height / 2, width, height]


def test_each_annotated_crater_is_hit_once_and_best_score_first():
    found = candidates((50, 50, 20, 0.7), (51, 50, 20, 0.9), (150, 50, 20, 0.8))
    matches = match_candidates(found, [box(50, 50, 20)])
    assert matches.score.tolist() == [0.9, 0.8, 0.7]
    assert matches.outcome.tolist() == [1, 0, 0], "a second hit on one crater is wrong"
    assert matches.n_annotated == 1


def test_a_candidate_takes_the_crater_that_it_overlaps_most():
    found = candidates((50, 50, 20, 0.9), (46, 50, 20, 0.8))
    matches = match_candidates(found, [box(44, 50, 20), box(51, 50, 20)])
    assert matches.outcome.tolist() == [1, 1]


def test_hits_on_smaller_annotated_craters_count_neither_way():
    found = candidates((50, 50, 12, 0.9), (90, 90, 12, 0.8), (20, 20, 12, 0.7))
    matches = match_candidates(found, [box(50, 50, 10), box(20, 20, 13)])
    assert matches.outcome.tolist() == [-1, 0, 1]
    scores = score_matches(matches, 0.0)
    assert (scores.precision, scores.recall, scores.n_found) == (0.5, 1.0, 2)


@pytest.mark.parametrize(("shift", "outcome"), [(10.7, 1), (10.8, 0)])
def test_a_hit_overlaps_by_at_least_0_3(shift, outcome):
    # squares of side 20: overlap of (20 - s) / (20 + s) is 0.3 at s = 10.77
    matches = match_candidates(candidates((50 + shift, 50, 20, 0.9)), [box(50, 50, 20)])
    assert matches.outcome.tolist() == [outcome]


def test_the_mean_side_says_whether_a_box_counts():
    found = candidates((50, 50, 12, 0.9))
    assert match_candidates(found, [box(50, 50, 11, 13)]).outcome.tolist() == [1]
    assert match_candidates(found, [box(50, 50, 11, 12)]).outcome.tolist() == [-1]
    assert match_candidates(found, [box(50, 50, 11, 13)], max_diameter=11.9).n_annotated == 0
    assert match_candidates(found, [box(50, 50, 11, 13)], max_diameter=12.0).n_annotated == 1


def test_scores_of_known_matches():
    matches = Matches(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([1, 0, -1, 1, 0]), 4)
    scores = score_matches(matches, 0.6)
    assert scores.n_found == 3
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == 0.5
    assert scores.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))


def test_nothing_found_and_nothing_annotated_score_0():
    nothing = match_candidates(candidates(), np.empty((0, 4)))
    assert score_matches(nothing, 0.5).f1 == 0.0
    assert match_candidates(candidates((9, 9, 12, 0.9)), []).outcome.tolist() == [0]


def test_the_threshold_is_that_of_best_f1_whatever_the_order():
    rng = np.random.default_rng(0)
    score = rng.random(200).round(2)  # with ties
    outcome = np.where(rng.random(200) < score**2, 1, rng.choice([0, 0, -1], 200))
    matches = Matches(score, outcome, 90)
    best = max(score_matches(matches, level).f1 for level in np.unique(score))
    assert score_matches(matches, choose_threshold(matches)).f1 == best


def test_several_scenes_are_counted_together():
    first = Matches(np.array([0.9, 0.2]), np.array([1, 0]), 1)
    second = Matches(np.array([0.8, 0.6]), np.array([1, 1]), 3)
    threshold = choose_threshold([first, second])
    assert threshold == pytest.approx(0.4)
    scores = score_matches([first, second], threshold)
    assert (scores.precision, scores.recall) == (1.0, 0.75)


def test_no_hit_at_all_gives_no_threshold():
    with pytest.raises(InvalidInputError, match="None of 1 candidates hits"):
        choose_threshold(match_candidates(candidates((9, 9, 12, 0.9)), [box(90, 90, 20)]))


@pytest.mark.parametrize("boxes", [[[10, 10, 0, 5]], [[1, 2, 3]], [1, 2, 3, 4]])
def test_what_is_no_box_is_refused(boxes):
    with pytest.raises(InvalidInputError, match="are no boxes"):
        match_candidates(candidates((9, 9, 12, 0.9)), boxes)
