"""Images with a caption each."""

import matplotlib as mpl
import numpy as np
import pytest

from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.plotting import ContactSheetDisplay

IMAGES = np.arange(3.0)[:, None, None] * np.ones((3, 4, 4))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


def test_images_stand_in_order_above_their_captions():
    display = ContactSheetDisplay(IMAGES, ["a", "b", "c"]).plot(n_columns=2)
    assert display.axes_.shape == (2, 2)
    for ax, shade, caption in zip(display.axes_.flat, (0.0, 0.5, 1.0), "abc", strict=False):
        np.testing.assert_allclose(ax.images[0].get_array(), shade)
        assert ax.texts[0].get_text() == caption
    assert not display.axes_[1, 1].images


def test_long_lines_keep_their_end():
    display = ContactSheetDisplay(IMAGES[:1], ["1\nunlabeled/M115143943RE/0001.png"]).plot()
    assert display.axes_[0, 0].texts[0].get_text() == "1\n…3943RE/0001.png"


def test_captions_do_not_touch_their_neighbours():
    captions = ["12\nunlabeled/WWWWWWWW_WWWWWWW.png\nnot_crater 0.51"] * 3
    display = ContactSheetDisplay(IMAGES, captions).plot(n_columns=2)
    display.figure_.canvas.draw()
    first, second = (ax.texts[0].get_window_extent() for ax in display.axes_[0])
    assert first.x1 < second.x0
    assert first.y0 > display.axes_[1, 0].get_window_extent().y1


def test_figure_given_is_drawn_on():
    figure = mpl.figure.Figure(layout="constrained")
    assert ContactSheetDisplay(IMAGES, ["a", "b", "c"]).plot(figure).figure_ is figure


def test_captions_of_another_number_are_refused():
    with pytest.raises(InvalidInputError, match="3 images and 2 captions"):
        ContactSheetDisplay(IMAGES, ["a", "b"]).plot()


def test_dollar_signs_begin_no_formula():
    display = ContactSheetDisplay(IMAGES[:1], [r"a$\b$.png"]).plot()
    display.figure_.canvas.draw()
    assert display.axes_[0, 0].texts[0].get_text() == r"a$\b$.png"
