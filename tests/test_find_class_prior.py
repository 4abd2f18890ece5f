"""How the shares of the classes are found from what probes answer, without a fit."""

import numpy as np
import pytest

from sgan_classifier import _class_prior, _probes
from sgan_classifier._class_prior import estimate_proportions, find_class_prior, label_proportions


def test_luck_of_the_rows_that_are_asked_about_is_counted_too():
    """What a perfect classifier finds of a hundred even classes is no contradiction."""
    rng = np.random.default_rng(0)
    for n_classes in (10, 100, 1000):
        found = np.bincount(rng.integers(n_classes, size=2048), minlength=n_classes) / 2048
        distance = 0.5 * np.abs(found - 1 / n_classes).sum()
        assert distance < _class_prior._luck(n_classes, 10**9, 2048)
    assert _class_prior._luck(10, 10**9, 2048) == _class_prior.LEAST_TOLERANCE


def test_weighted_labels_count_by_their_weight():
    np.testing.assert_allclose(label_proportions(np.array([1, 3])), [1 / 3, 2 / 3])
    counts = np.array([1, 3])
    np.testing.assert_allclose(label_proportions(counts, np.array([3.0, 1.0])), [0.5, 0.5])
    np.testing.assert_allclose(label_proportions(counts, np.array([0.0, 1.0])), [1 / 6, 5 / 6])
    for scale in (1e-3, 1.0, 1e3):  # which the loss does not see either
        weighted = label_proportions(np.array([90, 10]), np.full(2, scale))
        np.testing.assert_allclose(weighted, [91 / 102, 11 / 102])


def test_proportions_are_those_that_explain_the_answers():
    """Two overlapping clouds: the classifier is Bayes' for even classes, the rows are not even."""
    rng = np.random.default_rng(0)
    is_second = rng.random(20_000) < 0.2
    x = rng.normal(size=20_000) + np.where(is_second, 1.0, -1.0)
    second = 1 / (1 + np.exp(-2 * x))
    probabilities = np.stack([1 - second, second], axis=1)
    assert probabilities[:, 1].mean() > 0.25  # what counting would say
    found = estimate_proportions(probabilities, np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, [0.8, 0.2], atol=0.01)
    # a classifier of other proportions than even ones
    odds = probabilities * [0.7, 0.3]
    found = estimate_proportions(odds / odds.sum(axis=1, keepdims=True), np.array([0.7, 0.3]))
    np.testing.assert_allclose(found, [0.8, 0.2], atol=0.01)


def answering(rows, n_steps=200, sureness=1.0, n_labeled=10_000, second=None):
    """Probes that answer with these probabilities: {of a row: how many rows}; both, by default."""
    probes = object.__new__(_probes.Probes)
    probes.n_steps, probes.n_labeled = n_steps, n_labeled
    probes.sureness = lambda: sureness
    answers = [
        np.repeat([*map(np.array, r)], [*r.values()], axis=0) for r in (rows, second or rows)
    ]
    probes.of_pool = lambda which: answers[which]
    return probes


@pytest.mark.parametrize(
    ("rows", "labels", "expected"),
    [
        ({(1, 0): 800, (0, 1): 200}, [0.5, 0.5], [0.8, 0.2]),
        ({(1, 0): 1000}, [0.5, 0.5], [1 / 1.1, 0.1 / 1.1]),
        ({(1, 0, 0): 1000}, [0.5, 0.3, 0.2], [1 / 1.1, 0.06 / 1.1, 0.04 / 1.1]),
        ({(1, 0, 0): 900, (0, 1, 0): 100}, [0.5, 0.3, 0.2], [0.9 / 1.04, 0.1 / 1.04, 0.04 / 1.04]),
    ],
    ids=["both", "one of two", "one of three", "two of three"],
)
def test_no_class_is_taken_to_be_rarer_than_a_fifth_of_its_labels_share(rows, labels, expected):
    np.testing.assert_allclose(find_class_prior(answering(rows), np.array(labels)), expected)


@pytest.mark.parametrize(
    "rows",
    [{(0.51, 0.49): 500, (0.3, 0.7): 500}, {(0.55, 0.45): 800, (0.1, 0.9): 100}],
    ids=["counts agree", "estimate agrees"],
)
def test_labels_are_contradicted_by_the_counts_and_the_estimate_or_not_at_all(rows):
    labels, probes = np.array([0.5, 0.5]), answering(rows)
    counts = np.bincount(probes.of_pool(0).argmax(axis=1)) / sum(rows.values())
    shares = counts, estimate_proportions(probes.of_pool(0), labels)
    assert sorted(np.abs(share - labels).max() > 0.3 for share in shares) == [False, True]
    assert find_class_prior(probes, labels) is labels


@pytest.mark.parametrize(
    ("limits", "is_believed"),
    [
        ({}, True),
        ({"n_steps": 20}, True),
        ({"n_steps": 19}, False),
        ({"sureness": 0.8}, True),
        ({"sureness": 0.79}, False),
        ({"sureness": np.nan}, False),
        ({"n_labeled": 3}, False),
    ],
    ids=str,
)
def test_probes_of_few_steps_or_labels_or_unsure_ones_are_not_believed(limits, is_believed):
    labels, rows = np.array([0.5, 0.5]), {(0.99, 0.01): 800, (0.01, 0.99): 200}
    found = find_class_prior(answering(rows, **limits), labels)
    assert (found is not labels) == is_believed


@pytest.mark.parametrize(("n_zeros", "is_believed"), [(600, True), (400, False)])
def test_shares_that_mistakes_may_explain_are_not_believed(n_zeros, is_believed):
    """The first puts 300 of 1000 rows more into class 0 than the labels have there."""
    labels = np.array([0.5, 0.5])
    second = {(0.99, 0.01): n_zeros, (0.01, 0.99): 1000 - n_zeros}
    probes = answering({(0.99, 0.01): 800, (0.01, 0.99): 200}, second=second)
    assert probes.disagreement() == pytest.approx((800 - n_zeros) / 1000)
    assert (find_class_prior(probes, labels) is not labels) == is_believed
