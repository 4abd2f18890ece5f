"""Displays of the most and least certain images."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from tiny import few_labels, noise_images, sgan

from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.plotting import CertaintyDisplay, SamplesDisplay

IMAGES = np.arange(5.0)[:, None, None] * np.ones((5, 3, 3))
PROBABILITIES = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.0, 1.0], [0.45, 0.55]])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


def captions(display):
    return [[text.get_text() for ax in axes for text in ax.texts] for axes in display.axes_]


def test_rows_are_the_surest_of_each_class_and_the_least_sure():
    display = CertaintyDisplay(IMAGES, PROBABILITIES, ["plain", "crater"]).plot(n_images=2)
    rows = {title: list(chosen) for title, chosen in display.rows_.items()}
    assert rows == {"surest: plain": [0, 1], "surest: crater": [3, 2], "least sure": [4, 1]}
    assert captions(display)[1] == ["crater\n1.000", "crater\n0.800"]
    shade = display.axes_[2, 0].images[0].get_array()
    np.testing.assert_allclose(shade, 1.0)  # row 4 is the brightest of those drawn


def test_channels_to_draw_are_chosen_where_there_are_others_than_one_or_three():
    X = noise_images(channels=5)
    model = sgan(image_shape=(8, 8, 5)).fit(X, few_labels())
    with pytest.raises(InvalidInputError, match=r"have shape .*channels=0 or channels=\(2, 1, 0\)"):
        CertaintyDisplay.from_estimator(model, X)
    display = CertaintyDisplay.from_estimator(model, X, channels=(4, 2, 0), value_range=(0, 255))
    row = display.rows_["least sure"][0]
    shade = display.axes_[-1, 0].images[0].get_array()
    np.testing.assert_allclose(shade, X[row][..., [4, 2, 0]] / 255)
    grey = CertaintyDisplay.from_estimator(model, X, channels=3).axes_[-1, 0].images[0]
    assert grey.get_array().shape == (8, 8)
    assert SamplesDisplay.from_estimator(model, channels=0).ax_.images
    for wrong in (5, -1, (0, 1), (0, 1, 7), 0.5, "red"):
        with pytest.raises(InvalidInputError, match="one number or three, each from 0 to 4"):
            SamplesDisplay(X).plot(channels=wrong)


def test_channels_that_come_first_are_to_be_moved():
    images = np.moveaxis(noise_images(channels=3), -1, 1)
    with pytest.raises(InvalidInputError, match=r"np\.moveaxis\(images, 1, -1\)"):
        SamplesDisplay(images).plot()


def test_mistakes_are_named_and_coloured_and_unlabelled_rows_are_not():
    y = ["crater", None, "crater", "crater", "plain"]
    display = CertaintyDisplay(IMAGES, PROBABILITIES, ["plain", "crater"], y=y).plot(n_images=2)
    assert captions(display)[0] == ["plain\n0.900\nis crater", "plain\n0.600"]
    assert captions(display)[2] == ["crater\n0.550\nis plain", "plain\n0.600"]
    first, second = (ax.texts[0].get_color() for ax in display.axes_[0])
    assert first != second == "black"


def test_labels_may_be_a_list_as_in_fit():
    y = ["crater", -1, "crater", "crater", "plain"]
    display = CertaintyDisplay(IMAGES, PROBABILITIES, ["plain", "crater"], y=y).plot(n_images=2)
    assert captions(display)[0] == ["plain\n0.900\nis crater", "plain\n0.600"]


def test_probabilities_short_of_one_are_not_rounded_up_to_it():
    display = CertaintyDisplay(IMAGES[:1], [[0.00001, 0.99999]], [0, 1]).plot(n_images=1)
    assert captions(display)[1] == ["1\n0.999"]


def test_class_that_is_never_predicted_has_an_empty_row():
    display = CertaintyDisplay(IMAGES[:1], [[0.9, 0.1]], ["plain", "crater"]).plot(n_images=2)
    assert captions(display) == [["plain\n0.900"], [], ["plain\n0.900"]]


def test_captions_and_images_do_not_overlap():
    y = ["crater", "plain", "plain", "plain", "plain"]
    display = CertaintyDisplay(IMAGES, PROBABILITIES, ["plain", "crater"], y=y).plot(n_images=2)
    display.figure_.canvas.draw()
    for above, below in zip(display.axes_[:-1, 0], display.axes_[1:, 0], strict=True):
        assert above.texts[0].get_window_extent().y0 > below.get_window_extent().y1


@pytest.mark.parametrize("n_images", [5, 8])
def test_long_names_of_classes_do_not_overlap(n_images):
    names = ["crater with central peak", "smooth plains", "boulder field"]
    rng = np.random.default_rng(0)
    images, probabilities = rng.random((60, 8, 8)), rng.dirichlet(np.ones(3), 60)
    y = np.array(names)[rng.integers(0, 3, 60)]
    display = CertaintyDisplay(images, probabilities, names, y=y).plot(n_images=n_images)
    display.figure_.canvas.draw()
    for axes in display.axes_:
        texts = axes[0].yaxis.label, *(ax.texts[0] for ax in axes)
        places = [text.get_window_extent() for text in texts]
        for left, right in pairwise(places):
            assert left.x1 < right.x0
    titles = [axes[0].yaxis.label.get_window_extent() for axes in display.axes_]
    for above, below in pairwise(titles):
        assert above.y0 > below.y1
    assert "surest: crater with central peak" in display.rows_


@pytest.mark.parametrize("layout", ["channels_first", "channels_last", "flat"])
def test_images_of_every_layout_are_drawn(layout):
    X, parameters = noise_images(channels=3), {}
    if layout == "channels_first":
        X = np.ascontiguousarray(np.moveaxis(X, -1, 1))
    elif layout == "flat":
        X, parameters = X.reshape(len(X), -1), {"image_shape": (8, 8, 3)}
    model = sgan(**parameters).fit(X, few_labels())
    display = CertaintyDisplay.from_estimator(model, X, n_images=2, value_range=(0, 255))
    row = display.rows_["least sure"][0]
    expected = noise_images(channels=3)[row] / 255
    np.testing.assert_allclose(display.axes_[2, 0].images[0].get_array(), expected)


def test_dollar_signs_begin_no_formula():
    display = CertaintyDisplay(IMAGES, PROBABILITIES, [r"a$\b$", "$x_"]).plot(n_images=1)
    display.figure_.canvas.draw()
    assert display.axes_[0, 0].get_ylabel() == "surest:\na$\\b$"


def test_figure_given_is_drawn_on():
    figure = mpl.figure.Figure(layout="constrained")
    display = CertaintyDisplay(IMAGES, PROBABILITIES, [0, 1]).plot(figure, n_images=1)
    assert display.figure_ is figure


def test_parts_that_do_not_fit_are_refused():
    for images, classes, y in (
        (IMAGES[:4], [0, 1], None),
        (IMAGES, [0, 1, 2], None),
        (IMAGES, [0, 1], [0]),
    ):
        with pytest.raises(InvalidInputError, match="do not fit each other"):
            CertaintyDisplay(images, PROBABILITIES, classes, y=y).plot()


def test_no_image_in_a_row_is_refused():
    with pytest.raises(InvalidInputError, match="n_images=0 is not a whole number"):
        CertaintyDisplay(IMAGES, PROBABILITIES, [0, 1]).plot(n_images=0)


def test_table_is_refused():
    X = noise_images().reshape(24, -1).astype(np.float32)
    model = sgan().fit(X, few_labels())
    with pytest.raises(InvalidInputError, match="a table of 64 features, which are no images"):
        CertaintyDisplay.from_estimator(model, X)


def test_probabilities_that_are_no_numbers_are_refused_by_image():
    probabilities = PROBABILITIES.copy()
    probabilities[3] = np.nan
    with pytest.raises(InvalidInputError, match=r"image 3 are \[nan, nan\]"):
        CertaintyDisplay(IMAGES, probabilities, ["plain", "crater"]).plot()
