"""What a label-efficiency curve answers once it is measured."""

import json

import numpy as np
import pytest
from scipy import stats

from sgan_classifier.model_selection import LabelEfficiencyCurve


@pytest.fixture
def curve():
    rng = np.random.RandomState(0)
    luck = rng.normal(0, 0.05, (3, 5))
    scores = {
        "good": 0.9 + luck + rng.normal(0, 0.002, (3, 5)),
        "plain": 0.88 + luck,
    }
    return LabelEfficiencyCurve(
        np.array([10, 50, 7300]), np.arange(5), "accuracy", scores, scores, scores, scores
    )


def test_interval_is_that_of_student(curve):
    mean, (low, high) = curve.mean()["good"], curve.interval(0.9)["good"]
    for row in range(3):
        values = curve.test_scores["good"][row]
        expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
        np.testing.assert_allclose([low[row], high[row]], expected)
        assert mean[row] == values.mean()


def test_paired_differences_take_out_the_luck_of_the_draw(curve):
    difference = curve.paired_difference("good", "plain")
    for row in range(3):
        expected = stats.ttest_rel(
            curve.test_scores["good"][row], curve.test_scores["plain"][row]
        ).confidence_interval()
        np.testing.assert_allclose([difference.low[row], difference.high[row]], expected)
    assert (difference.low > 0).all()
    assert (curve.interval()["good"][0] < curve.mean()["plain"]).all()
    with pytest.raises(ValueError, match=r"'best'; there are \['good', 'plain'\]"):
        curve.paired_difference("best", "plain")


@pytest.mark.parametrize("confidence", [95, 1.0, 0.0, float("nan")])
def test_confidence_in_percent_is_refused(curve, confidence):
    for measure in (curve.interval, curve.to_markdown):
        with pytest.raises(ValueError, match=r"confidence=.* is not between 0 and 1"):
            measure(confidence)
    with pytest.raises(ValueError, match="confidence"):
        curve.paired_difference("good", "plain", confidence)


def test_one_draw_has_no_interval():
    one = {"a": np.array([[0.5]])}
    curve = LabelEfficiencyCurve(np.array([10]), np.array([0]), "accuracy", one, one, one, one)
    assert np.isnan(curve.interval()["a"]).all()
    assert "| 10 | 0.500 |" in curve.to_markdown()


def test_any_name_makes_one_column_of_the_table():
    scores = {"P(y|x)": np.array([[0.5]]), 7: np.array([[0.25]])}
    curve = LabelEfficiencyCurve(np.array([10]), np.array([0]), "accuracy", *[scores] * 4)
    header, _, row = curve.to_markdown().splitlines()
    assert (header, row) == (r"| labels | P(y\|x) | 7 |", "| 10 | 0.500 | 0.250 |")


def test_json_and_back(curve):
    again = LabelEfficiencyCurve.from_dict(json.loads(json.dumps(curve.to_dict())))
    np.testing.assert_array_equal(again.n_labels, curve.n_labels)
    np.testing.assert_array_equal(again.test_scores["good"], curve.test_scores["good"])
    assert again.to_markdown() == curve.to_markdown()
    assert again.to_dict() == curve.to_dict()


def test_repr_is_short(curve):
    assert (
        repr(curve) == "LabelEfficiencyCurve(['good', 'plain'], n_labels=[10, 50, 7300], 5 draws)"
    )
