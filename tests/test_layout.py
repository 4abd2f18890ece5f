import numpy as np
import pytest

from sgan_classifier._layout import Layout, infer_layout
from sgan_classifier.exceptions import InvalidInputError

LAYOUTS = [
    # shape of X, image_shape, expected source, expected network input
    ((9, 5), None, "table", (5,)),
    ((9, 1), None, "table", (1,)),
    ((9, 8, 6), None, "nhw", (1, 8, 6)),
    ((9, 8, 6), (8, 6), "nhw", (1, 8, 6)),
    ((9, 8, 6), (8, 6, 1), "nhw", (1, 8, 6)),
    ((9, 8, 6), [np.int64(8), np.int32(6)], "nhw", (1, 8, 6)),
    ((9, 8, 6, 1), None, "nhwc", (1, 8, 6)),
    ((9, 8, 6, 3), None, "nhwc", (3, 8, 6)),
    ((9, 8, 6, 4), None, "nhwc", (4, 8, 6)),
    ((9, 1, 8, 6), None, "nchw", (1, 8, 6)),
    ((9, 2, 8, 6), None, "nchw", (2, 8, 6)),
    ((9, 8, 6, 12), (8, 6, 12), "nhwc", (12, 8, 6)),
    ((9, 8, 6, 12), (8, 6), "nhwc", (12, 8, 6)),
    ((9, 12, 8, 6), (8, 6, 12), "nchw", (12, 8, 6)),
    ((9, 4, 8, 4), (4, 8, 4), "nhwc", (4, 4, 8)),
    ((9, 4, 8, 4), (8, 4, 4), "nchw", (4, 8, 4)),
    ((9, 4, 8, 4), (4, 8), "nhwc", (4, 4, 8)),
    ((9, 5, 5, 5), (5, 5, 5), "nhwc", (5, 5, 5)),
    ((9, 48), (8, 6), "flat", (1, 8, 6)),
    ((9, 48), (8, 6, 1), "flat", (1, 8, 6)),
    ((9, 144), (8, 6, 3), "flat", (3, 8, 6)),
]


@pytest.mark.parametrize(("shape", "image_shape", "source", "input_shape"), LAYOUTS)
def test_layout_follows_from_the_shape_and_image_shape(shape, image_shape, source, input_shape):
    layout = infer_layout(shape, image_shape)
    assert layout == Layout(input_shape, source)
    assert layout.row_shape == shape[1:]
    assert layout.is_image == (source != "table")


@pytest.mark.parametrize(("shape", "image_shape"), [case[:2] for case in LAYOUTS])
def test_network_inputs_are_views_and_go_back_to_the_layout_of_x(shape, image_shape):
    X = np.arange(np.prod(shape)).reshape(shape)
    layout = infer_layout(shape, image_shape)
    inputs = layout.to_channels_first(X)
    assert inputs.shape == (9, *layout.input_shape)
    assert np.shares_memory(inputs, X)
    np.testing.assert_array_equal(layout.from_channels_first(inputs), X)


def test_each_pixel_arrives_at_its_channel_row_and_column():
    colour = np.random.default_rng(0).random((2, 8, 6, 3))
    for X, image_shape in [
        (colour, None),
        (np.moveaxis(colour, -1, 1), None),
        (colour.reshape(2, -1), (8, 6, 3)),
    ]:
        inputs = infer_layout(X.shape, image_shape).to_channels_first(X)
        assert inputs[1, 2, 7, 4] == colour[1, 7, 4, 2]


def test_flat_rows_that_are_not_contiguous_are_viewed_too():
    X = np.arange(2 * 48 * 2).reshape(2, 96)[:, ::2]
    inputs = infer_layout(X.shape, (8, 6)).to_channels_first(X)
    assert np.shares_memory(inputs, X)


@pytest.mark.parametrize(
    ("shape", "image_shape", "message"),
    [
        ((9, 3, 32, 3), None, r"\(3, 32, 3\), which could be .* image_shape"),
        ((9, 3, 32, 4), None, r"Pass image_shape=.*: \(3, 32, 4\) or \(32, 4, 3\)\."),
        ((9, 4, 4, 4), (4, 4), r"\(4, 4, 4\), which could be .* image_shape"),
        ((9, 32, 32, 12), None, r"\(32, 32, 12\).* neither end\. Pass image_shape"),
        ((9, 8, 8, 0), None, "neither end"),
        ((9, 5, 8, 5), None, "neither end"),
        ((9, 8, 6), (6, 8), r"\(8, 6\), but image_shape=\(6, 8\)"),
        ((9, 8, 6), (8, 6, 3), r"\(8, 6\), but image_shape=\(8, 6, 3\)"),
        ((9, 8, 6, 3), (8, 6, 1), r"\(8, 6, 3\), but image_shape=\(8, 6, 1\)"),
        ((9, 8, 6, 3), (3, 8, 6), r"\(8, 6, 3\), but image_shape=\(3, 8, 6\)"),
        ((9, 8, 6, 3), (9, 6), r"\(8, 6, 3\), but image_shape=\(9, 6\)"),
        ((9, 47), (8, 6), r"\(47,\), but image_shape=\(8, 6\) needs 48"),
        ((9, 48), (8, 6, 3), r"\(48,\), but image_shape=\(8, 6, 3\) needs 144"),
        ((9, 3, 8), None, "3 x 8 pixels.*smallest.*4 x 4.*feature table"),
        ((9, 8, 3, 1), None, "8 x 3 pixels"),
        ((9, 0, 8), None, "0 x 8 pixels"),
        ((9, 9), (3, 3), "3 x 3 pixels"),
        ((9,), None, r"1 dimensions \(shape \(9,\)\); expected a table"),
        ((9, 4, 8, 8, 3), None, r"5 dimensions \(shape \(9, 4, 8, 8, 3\)\).*Reshape"),
    ],
)
def test_shapes_that_cannot_be_read_are_named_with_a_remedy(shape, image_shape, message):
    with pytest.raises(InvalidInputError, match=message):
        infer_layout(shape, image_shape)


@pytest.mark.parametrize("image_shape", [(8,), (8, 6, 3, 1), (8, -6), (0, 6), (8.0, 6), "86", 8,
                                         (True, 6), {8, 6}])  # fmt: skip
def test_image_shape_that_is_no_shape_is_refused(image_shape):
    with pytest.raises(InvalidInputError, match=r"image_shape=.* two or three positive integers"):
        infer_layout((9, 48), image_shape)
