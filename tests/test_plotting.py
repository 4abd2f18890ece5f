import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.semi_supervised import LabelSpreading

from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.model_selection import LabelEfficiencyCurve
from sgan_classifier.plotting import LabelEfficiencyDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


def make_curve(n_estimators=3, n_draws=5, name="method"):
    rng = np.random.RandomState(0)
    n_labels = np.array([7300, 10, 100])  # in no order
    scores = {
        f"{name} {i}": 0.7
        + 0.02 * i
        + 0.05 * np.log10(n_labels)[:, None]
        + rng.normal(0, 0.01, (3, n_draws))
        for i in range(n_estimators)
    }
    return LabelEfficiencyCurve(
        n_labels, np.arange(n_draws), "balanced_accuracy", scores, scores, scores, scores
    )


def test_lines_are_the_means_and_bands_the_intervals():
    curve = make_curve()
    display = LabelEfficiencyDisplay(curve).plot(confidence=0.9)
    assert display.ax_.get_xscale() == "log"
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), [10, 100, 7300])
        np.testing.assert_array_equal(line.get_ydata(), curve.mean()[name][[1, 2, 0]])
        heights = display.bands_[name].get_paths()[0].vertices[:, 1]
        low, high = curve.interval(0.9)[name]
        np.testing.assert_allclose([heights.min(), heights.max()], [low.min(), high.max()])


def test_names_of_ticks_do_not_overlap():
    sizes = np.array([1297, 10, 20, 50, 100, 1000])
    scores = {"a": np.full((6, 2), 0.5)}
    curve = LabelEfficiencyCurve(sizes, np.arange(2), "accuracy", *[scores] * 4)
    display = LabelEfficiencyDisplay(curve).plot()
    display.figure_.draw_without_rendering()
    labels = [tick for tick in display.ax_.get_xticklabels() if tick.get_text()]
    assert [tick.get_text() for tick in labels] == ["10", "20", "50", "100", "1,297"]
    boxes = [tick.get_window_extent() for tick in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_axes_are_labelled_in_numbers_and_words():
    ax = LabelEfficiencyDisplay(make_curve()).plot().ax_
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10", "100", "7,300"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Labels", "Balanced accuracy")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "method 0",
        "method 1",
        "method 2",
    ]


def test_estimators_differ_in_colour_marker_and_line_style():
    lines = LabelEfficiencyDisplay(make_curve(5)).plot().lines_.values()
    for look in ("get_color", "get_marker", "get_linestyle"):
        assert len({getattr(line, look)() for line in lines}) >= 4
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 5


def test_given_axes_names_and_score_name_are_used():
    ax = matplotlib.pyplot.figure().add_subplot()
    display = LabelEfficiencyDisplay(make_curve()).plot(
        ax, names=["method 2", "method 0"], score_name="Share right"
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert list(display.lines_) == ["method 2", "method 0"]
    assert ax.get_ylabel() == "Share right"


def test_a_name_of_no_estimator_is_refused():
    with pytest.raises(InvalidInputError, match="'method 9', which is none"):
        LabelEfficiencyDisplay(make_curve()).plot(names=["method 9"])


def test_dollar_signs_begin_no_formula():
    display = LabelEfficiencyDisplay(make_curve(1, name=r"a$\b$")).plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_legend().get_texts()[0].get_text() == r"a$\b$ 0"


def test_names_that_begin_with_an_underscore_stand_in_the_legend():
    _, ax = matplotlib.pyplot.subplots()
    ax.axhline(0.5, label="chance")
    display = LabelEfficiencyDisplay(make_curve(2, name="_method")).plot(ax)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["chance", "_method 0", "_method 1"]
    handles = display.ax_.get_legend().legend_handles
    assert [handle.get_marker() for handle in handles] == ["None", "o", "s"]


def test_no_name_to_draw_is_refused():
    with pytest.raises(InvalidInputError, match=r"names=\[\] names nothing to draw"):
        LabelEfficiencyDisplay(make_curve()).plot(names=[])


def test_one_draw_has_no_bands():
    display = LabelEfficiencyDisplay(make_curve(n_draws=1)).plot()
    assert len(display.lines_) == 3
    assert display.bands_ == {}


def test_from_estimators_measures_and_draws():
    X, y = load_iris(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    display = LabelEfficiencyDisplay.from_estimators(
        {"spreading": LabelSpreading(), "logistic": LogisticRegression(max_iter=500)},
        X,
        y,
        X_test=X_test,
        y_test=y_test,
        n_labels=[6, "all"],
        n_draws=2,
        labeled_only=["logistic"],
    )
    assert list(display.lines_) == ["spreading", "logistic"]
    assert display.curve.n_labels.tolist() == [6, 112]


def test_importing_the_modules_leaves_matplotlib_and_dask_alone():
    code = (
        "import sys, sgan_classifier.plotting, sgan_classifier.metrics;"
        "print([m for m in ('matplotlib', 'dask', 'distributed') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'sgan-classifier\[plot\]'"):
        LabelEfficiencyDisplay(make_curve()).plot()
