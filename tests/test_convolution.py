import pytest
import torch
import torch.nn.functional as F
from tiny import generator_of

from sgan_classifier.networks import _convolution
from sgan_classifier.networks._convolution import convolve


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=generator_of(seed))


def as_channels_lie(weight):
    return weight.contiguous(memory_format=torch.channels_last)


def outcome(convolution, x, weight, bias, *args):
    """Return the output, and the gradients of a weighted sum of it, in float32."""
    leaves = [t.detach().clone().requires_grad_(t.requires_grad) for t in (x, weight, bias)]
    y = convolution(*leaves, *args)
    (y * drawn(*y.shape, seed=9)).sum().backward()
    return [y.detach().float()] + [leaf.grad for leaf in leaves if leaf.requires_grad]


@pytest.mark.parametrize("n_in", [1, 3, 8])
@pytest.mark.parametrize("kernel", [2, 4])
def test_pairs_of_columns_give_the_same_sums(n_in, kernel):
    x = drawn(2, n_in, 11, 12).requires_grad_()
    weight = as_channels_lie(drawn(5, n_in, kernel, kernel, seed=1)).requires_grad_()
    bias = drawn(5, seed=2).requires_grad_()
    mine = outcome(convolve, x, weight, bias, 2, 0)
    torch.testing.assert_close(mine, outcome(F.conv2d, x, weight, bias, 2, 0))
    assert convolve(x, weight, bias, 2, 0).permute(0, 2, 3, 1).is_contiguous()


def test_pairs_of_columns_of_an_image_that_is_cut():
    whole, weight, bias = drawn(2, 1, 9, 10), drawn(4, 1, 4, 4, seed=1), drawn(4, seed=2)
    for x in (whole[:, :, :8, :8], whole[:, :, 1:, 1:9], as_channels_lie(whole)[:, :, :8]):
        expected = F.conv2d(x, weight, bias, 2)
        torch.testing.assert_close(convolve(x, as_channels_lie(weight), bias, 2, 0), expected)


@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (3, 0), (3, 1), (2, 1)])
@pytest.mark.parametrize("trained", [(True, True), (False, True), (True, False)])
def test_gradients_over_few_pixels_are_torch_s_own_in_bf16(kernel, padding, trained, monkeypatch):
    monkeypatch.setattr(_convolution, "HAS_AMX", True)  # where it is not, bf16 is emulated
    size = 3 + kernel - 2 * padding
    x = drawn(6, 32, size, size).requires_grad_(trained[0])
    weight = as_channels_lie(drawn(35, 32, kernel, kernel, seed=1)).requires_grad_(trained[1])
    bias = drawn(35, seed=2).requires_grad_(trained[1])
    with torch.autocast("cpu", torch.bfloat16):
        y = convolve(x, weight, bias, 1, padding)
        mine = outcome(convolve, x, weight, bias, 1, padding)
        theirs = outcome(F.conv2d, x, weight, bias, 1, padding)
    assert (y.grad_fn.name() == "_ToFewPixelsBackward") == trained[1]
    assert (y.dtype, y.shape[2:]) == (torch.bfloat16, (4, 4))
    assert all(gradient.dtype == torch.float32 for gradient in mine)
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(mine, theirs, rtol=0.02, atol=0.2)
    exact = outcome(F.conv2d, x, weight, bias, 1, padding)
    for one, other in zip(mine, exact, strict=True):
        assert (one - other).norm() < 0.01 * other.norm()


FEW_PIXELS = {"n_in": 32, "n_out": 32, "size": 6, "stride": 1, "dtype": torch.bfloat16}


@pytest.mark.parametrize(
    "other",
    [{"n_in": 31}, {"n_out": 31}, {"size": 7}, {"stride": 2}, {"dtype": torch.float16}, {"amx": 0}],
    ids=str,
)
def test_other_convolutions_are_left_to_torch(other, monkeypatch):
    for changes, name in (({}, "_ToFewPixelsBackward"), (other, "ConvolutionBackward0")):
        case = {**FEW_PIXELS, **changes}
        monkeypatch.setattr(_convolution, "HAS_AMX", case.get("amx", 1) == 1)
        x = drawn(2, case["n_in"], case["size"], case["size"])
        weight = as_channels_lie(drawn(case["n_out"], case["n_in"], 3, 3, seed=1)).requires_grad_()
        with torch.autocast("cpu", case["dtype"]):
            y = convolve(x, weight, drawn(case["n_out"], seed=2), case["stride"], 0)
        assert y.grad_fn.name() == name
        assert y.dtype == case["dtype"]


@pytest.mark.parametrize(
    ("n_in", "kernel", "stride", "padding", "width"),
    [(1, 4, 1, 0, 8), (1, 3, 2, 0, 8), (3, 4, 2, 0, 9), (3, 4, 2, 1, 8), (9, 4, 2, 0, 8)],
)
@pytest.mark.parametrize("by_x", [True, False])
def test_where_columns_make_no_pairs(n_in, kernel, stride, padding, width, by_x):
    x = drawn(2, n_in, 8, width).requires_grad_(by_x)
    weight = as_channels_lie(drawn(5, n_in, kernel, kernel, seed=1)).requires_grad_()
    bias = drawn(5, seed=2).requires_grad_()
    mine = outcome(convolve, x, weight, bias, stride, padding)
    torch.testing.assert_close(mine, outcome(F.conv2d, x, weight, bias, stride, padding))
