"""Overlap, suppression and merging of squares, against known answers and slow references."""

import numpy as np
import pytest

from sgan_classifier.scan._boxes import (
    SAME_CRATER,
    Neighbours,
    expected_neighbours,
    overlap,
    square_boxes,
    suppress,
)
from sgan_classifier.scan._candidates import merge_windows
from sgan_classifier.scan._sizes import Grid


def squares(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 200, n), rng.uniform(0, 200, n), rng.uniform(5, 90, n)


def test_overlap_of_known_boxes():
    first = np.array([[0.0, 0, 10, 10]])
    second = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 20, 20], [10, 0, 20, 10]])
    np.testing.assert_allclose(overlap(first, second), [[1.0, 1 / 3, 0.25, 0.0]])


@pytest.mark.parametrize("min_overlap", [0.05, 0.4, 0.9])
def test_neighbours_are_those_of_all_pairs(min_overlap):
    x, y, diameter = squares(300)
    boxes = square_boxes(x, y, diameter)
    shares = overlap(boxes, boxes)
    neighbours = Neighbours(x, y, diameter)
    for i in range(300):
        expected = np.flatnonzero(shares[i] >= min_overlap)
        np.testing.assert_array_equal(np.sort(neighbours.of(i, min_overlap)), expected)


def test_suppress_keeps_the_best_across_sizes():
    x = np.array([50.0, 52.0, 50.0, 150.0, 50.0])
    diameter = np.array([20.0, 20.0, 26.0, 20.0, 90.0])
    score = np.array([0.8, 0.9, 0.7, 0.1, 0.95])
    kept = suppress(x, np.full(5, 50.0), diameter, score, 0.3)
    assert kept.tolist() == [4, 1, 3], "one that lies inside a much larger one is another crater"


def test_suppress_of_many_is_that_of_all_pairs():
    x, y, diameter = squares(300)
    score = np.random.default_rng(1).random(300)
    boxes = square_boxes(x, y, diameter)
    alive, expected = set(range(300)), []
    for i in np.argsort(-score):
        if i in alive:
            expected.append(i)
            alive -= set(np.flatnonzero(overlap(boxes[[i]], boxes)[0] >= 0.2))
    assert suppress(x, y, diameter, score, 0.2).tolist() == expected


def test_suppress_of_nothing_is_nothing():
    nothing = np.empty(0)
    assert suppress(nothing, nothing, nothing, nothing, 0.2).shape == (0,)


def grid_of_windows(grid, length=1000.0):
    parts = []
    for d in grid.diameters:
        centre = (np.arange(*grid.numbers(d, 0, length, int(length))) + 0.5) * grid.step(d)
        x, y = (values.ravel() for values in np.meshgrid(centre, centre))
        parts.append(np.stack([x, y, np.full(x.shape, d)]))
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(("stride", "size_step"), [(2, 2**0.25), (4, 2**0.25), (4, 2**0.5)])
def test_expected_neighbours_are_those_of_a_grid(stride, size_step):
    grid = Grid(32, 1.6, stride, size_step, 50.0, 50.0 * size_step**8)
    windows = grid_of_windows(grid)
    neighbours = Neighbours(*windows)
    size = 50.0 * size_step**4  # in the middle, with all smaller and larger ones around
    middle = np.isclose(windows[2], size) & (abs(windows[:2] - 500) < 1.5 * size).all(axis=0)
    counts = [len(neighbours.of(i, SAME_CRATER)) for i in np.flatnonzero(middle)[:40]]
    expected = expected_neighbours(stride / 32, size_step, 1.6)
    assert np.mean(counts) == pytest.approx(expected, rel=0.15)


def test_windows_that_agree_are_merged_to_their_weighted_mean():
    grid = Grid(32, 1.6, 4, 2**0.25, 12.0, 24.0)
    windows = np.array([[50, 52, 90], [50, 50, 20], [16, 16, 12], [0.9, 0.3, 0.5]])
    x, y, diameter, score = merge_windows(windows, grid)
    full = expected_neighbours(4 / 32, 2**0.25, 1.6)
    np.testing.assert_allclose(x, [50.5, 90.0])
    np.testing.assert_allclose(y, [50.0, 20.0])
    np.testing.assert_allclose(diameter, [16.0, 12.0])
    np.testing.assert_allclose(score, [1.2 / full, 0.5 / full])


@pytest.mark.parametrize("steepness", [8, 16])
def test_diameters_of_an_even_handed_classifier_are_not_too_small(steepness):
    grid = Grid(32, 1.6, 4, 2**0.25, 6.0, 128.0)
    windows = grid_of_windows(grid, 200.0)
    boxes = square_boxes(*windows)
    ratios = []
    for true in np.random.default_rng(0).uniform((90, 90, 20), (110, 110, 40), (20, 3)):
        shares = overlap(square_boxes(*true[:, np.newaxis]), boxes)[0]
        p = 1 / (1 + np.exp(-steepness * (shares - 0.25) / 0.75))
        sure = p > 0.9
        merged = merge_windows(np.vstack([windows[:, sure], p[sure]]), grid)
        ratios.append(np.log(merged[2, 0] / true[2]))
    assert abs(np.mean(ratios)) < 0.035


def test_sizes_rise_by_the_step_up_to_the_largest():
    grid = Grid(32, 1.6, 4, 2.0, 12.0, 48.0)
    np.testing.assert_allclose(grid.diameters, [12.0, 24.0, 48.0])


def test_windows_of_neighbouring_tiles_are_each_counted_once():
    grid = Grid(32, 1.6, 4, 2**0.25, 12.0, 24.0)
    for d in grid.diameters:
        parts = [grid.numbers(d, low, low + 64, 250) for low in range(0, 256, 64)]
        assert [start for start, _ in parts[1:]] == [end for _, end in parts[:-1]]
        centres = (np.arange(parts[0][0], parts[-1][1]) + 0.5) * grid.step(d)
        assert 0 < centres[0] < grid.step(d)
        assert 250 - grid.step(d) <= centres[-1] < 250
