"""Displays of training curves and of samples."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tiny import cnn, few_labels, noise_images

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.callbacks import SampleRecorder
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.model_selection import mask_labels
from sgan_classifier.plotting import ContactSheetDisplay, SamplesDisplay, TrainingCurveDisplay

TINY = {"max_iter": 4, "width": 4, "batch_size": 10, "random_state": 0}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


@pytest.fixture(scope="module")
def sgan(digits):
    y = mask_labels(digits.y_train, 20, random_state=0)
    return SGANClassifier(**TINY).fit(digits.X_train, y)


def test_training_of_an_sgan_has_losses_and_realness(sgan):
    losses, realness = TrainingCurveDisplay.from_estimator(sgan).axes_
    labels = [line.get_label() for line in losses.lines]
    assert labels == ["labelled images", "real or generated", "generator"]
    assert [line.get_label() for line in realness.lines] == ["real images", "generated images"]
    assert realness.get_ylim() == (0.0, 1.0)
    np.testing.assert_allclose(
        losses.lines[0].get_ydata(), [row["labeled_loss"] for row in sgan.history_]
    )
    assert losses.lines[0].get_xdata()[-1] == 4


def test_training_of_a_cnn_has_losses_alone(digits):
    cnn = CNNClassifier(**TINY).fit(digits.X_train[:50], digits.y_train[:50])
    (losses,) = TrainingCurveDisplay.from_estimator(cnn).axes_
    assert [line.get_label() for line in losses.lines] == ["labelled images"]


def test_losses_that_the_last_record_lacks_are_drawn_all_the_same(digits):
    model = SGANClassifier(**TINY, adversarial_weight=0.0)
    model.fit(digits.X_train, mask_labels(digits.y_train, 20, random_state=0))
    model.partial_fit(digits.X_train[:20], np.full(20, -1))
    losses = TrainingCurveDisplay.from_estimator(model).axes_[0]
    assert "labelled images" in [line.get_label() for line in losses.lines]


def test_training_is_drawn_on_the_figure_given(sgan):
    figure = Figure()
    assert TrainingCurveDisplay.from_estimator(sgan, figure=figure).figure_ is figure
    assert len(figure.axes) == 2


def test_samples_are_what_the_generator_makes(sgan):
    display = SamplesDisplay.from_estimator(sgan, n_samples=3, random_state=1, n_columns=2)
    grid = np.asarray(display.ax_.images[0].get_array())
    assert grid.shape == (17, 17)
    images = sgan.sample(3, random_state=1)
    scaled = (images - images.min()) / (images.max() - images.min())
    np.testing.assert_allclose(grid[:8, :8], scaled[0], atol=1e-6)
    np.testing.assert_allclose(grid[:8, 9:], scaled[1], atol=1e-6)
    np.testing.assert_allclose(grid[9:, :8], scaled[2], atol=1e-6)
    np.testing.assert_array_equal(grid[9:, 9:], 1.0)


@pytest.mark.parametrize("layout", ["channels_first", "channels_last", "flat"])
def test_samples_of_colour_images_in_every_layout(layout):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    y = np.array([0, 1] * 2 + [-1] * 8)
    parameters = dict(TINY)
    if layout == "channels_first":
        X = np.ascontiguousarray(np.moveaxis(X, -1, 1))
    elif layout == "flat":
        X, parameters = X.reshape(12, -1), {**TINY, "image_shape": (8, 8, 3)}
    model = SGANClassifier(**parameters).fit(X, y)
    display = SamplesDisplay.from_estimator(model, n_samples=4, n_columns=2)
    assert display.ax_.images[0].get_array().shape == (17, 17, 3)


def test_flat_images_are_drawn_without_a_division_by_zero():
    grid = SamplesDisplay(np.full((2, 3, 3), 7.0)).plot(n_columns=2).ax_.images[0].get_array()
    assert np.isfinite(np.asarray(grid)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pixel_that_is_not_finite_leaves_the_others_as_they_are(value, channels):
    images = np.broadcast_to(np.arange(9.0).reshape(3, 3, 1), (2, 3, 3, channels)).copy()
    expected = np.array(SamplesDisplay(images).plot(n_columns=2).ax_.images[0].get_array())
    images[0, 1, 1] = value
    display = SamplesDisplay(images).plot(n_columns=2)
    display.figure_.canvas.draw()
    expected[1, 1] = 0.0 if value == -np.inf else 1.0
    drawn = np.ma.filled(display.ax_.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(drawn, expected)


def test_samples_of_a_table_are_refused(digits):
    y = mask_labels(digits.y_train, 20, random_state=0)
    model = SGANClassifier(**TINY).fit(digits.X_train.reshape(len(y), -1), y)
    with pytest.raises(ValueError, match="a table of 64 features, which are no images"):
        SamplesDisplay.from_estimator(model)


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(InvalidInputError, match="CNNClassifier has no generator"):
        SamplesDisplay.from_estimator(cnn().fit(noise_images(), few_labels()))
    with pytest.raises(InvalidInputError, match="history is empty"):
        TrainingCurveDisplay([]).plot()
    pipeline = make_pipeline(LogisticRegression()).fit([[0], [1]], [0, 1])
    for display, what in ((SamplesDisplay, "generator"), (TrainingCurveDisplay, "history")):
        with pytest.raises(InvalidInputError, match=f"Pipeline has no {what}.*out of a pipeline"):
            display.from_estimator(pipeline)


@pytest.mark.parametrize("n_columns", [0, -1, 2.5])
def test_number_of_columns_that_makes_no_sense_is_named(n_columns):
    for display in (
        SamplesDisplay(np.zeros((2, 3, 3))),
        ContactSheetDisplay(np.zeros((2, 3, 3)), ["a", "b"]),
    ):
        with pytest.raises(InvalidInputError, match=f"n_columns={n_columns} is not a whole number"):
            display.plot(n_columns=n_columns)


@pytest.mark.parametrize("value_range", [3, (0.0,), (0, 1, 2), "01"])
def test_a_range_that_is_no_pair_is_named(value_range):
    with pytest.raises(InvalidInputError, match=r"value_range=.* is not two numbers"):
        SamplesDisplay(np.zeros((2, 3, 3))).plot(value_range=value_range)


def test_values_outside_the_range_are_drawn_black_and_white():
    images = np.array([[[-5.0, 0.0], [8.0, 99.0]]])
    display = SamplesDisplay(images).plot(n_columns=1, value_range=(0.0, 16.0))
    np.testing.assert_allclose(display.ax_.images[0].get_array(), [[0.0, 0.0], [0.5, 1.0]])


# ---------------------------------------------------------------------- over training time


def test_strip_has_a_row_of_each_noise_and_a_column_of_each_step(digits):
    recorder = SampleRecorder(steps=(1, 2, 4), n_samples=2)
    y = mask_labels(digits.y_train, 20, random_state=0)
    SGANClassifier(**TINY, callbacks=[recorder]).fit(digits.X_train, y)
    display = SamplesDisplay.from_recorder(recorder, value_range=(0.0, 16.0))
    grid = np.asarray(display.ax_.images[0].get_array())
    assert grid.shape == (2 * 8 + 1, 3 * 8 + 2)
    second_noise_last_step = np.clip(recorder.images_[2][1, :, :, 0] / 16, 0, 1)
    np.testing.assert_allclose(grid[9:, 18:], second_noise_last_step, atol=1e-6)
    assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == ["1", "2", "4"]
    assert display.ax_.get_xlabel() == "Step"


def test_recorder_without_images_is_refused():
    with pytest.raises(InvalidInputError, match=r"holds no images.*callbacks=\[recorder\]"):
        SamplesDisplay.from_recorder(SampleRecorder())


def test_titles_that_are_not_one_a_column_are_refused():
    display = SamplesDisplay(np.zeros((4, 3, 3)), column_titles=["a", "b"])
    with pytest.raises(InvalidInputError, match="n_columns=4, but there are 2 titles"):
        display.plot(n_columns=4)


def test_dollar_signs_in_titles_begin_no_formula():
    display = SamplesDisplay(np.zeros((2, 3, 3)), column_titles=[r"a$\b$", "$x_"]).plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_xticklabels()[0].get_text() == r"a$\b$"


def test_images_of_two_channels_are_refused():
    with pytest.raises(InvalidInputError, match=r"shape \(4, 3, 3, 2\).*one or three channels"):
        SamplesDisplay(np.zeros((4, 3, 3, 2))).plot()


def test_legends_stand_above_their_panels(sgan):
    display = TrainingCurveDisplay.from_estimator(sgan)
    display.figure_.canvas.draw()
    for ax in display.axes_:
        assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1 - 1
