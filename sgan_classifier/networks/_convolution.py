"""Convolutions in the way that is quickest on the device: the same sums, arranged differently.

On a CPU the channels lie last in memory, from the first convolution on: poolings and activations of
tensors that lie otherwise, or in two ways, are several times slower there. Where torch's own
convolution is slow there, one of three other ways takes its place.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.amp import custom_bwd, custom_fwd
from torch.autograd.function import once_differentiable

from .._device import HAS_AMX

FEW_CHANNELS = 8  # of which two columns fill the 16 that torch's own convolution computes with
FEW_INPUTS = 32  # values a unit sums: 3x3 of one to three channels
FEW_PIXELS = 16  # that a convolution makes of an image: 4x4
WIDE = 32  # channels on either side, from which on the products of a tile are worth their patches


def convolve(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """Convolve, as `torch.nn.functional.conv2d` does.

    Parameters
    ----------
    x : Tensor of shape (n, n_in, h, w)
    weight : Tensor of shape (n_out, n_in, kernel, kernel)
        With the channels last in memory.
    bias : Tensor of shape (n_out,)
    stride, padding : int

    Returns
    -------
    Tensor of shape (n, n_out, h', w')
        On a CPU with the channels last in memory.
    """
    if x.device.type != "cpu":
        return F.conv2d(x, weight.contiguous(), bias, stride, padding)
    n_in, kernel = weight.shape[1], weight.shape[-1]
    steps_in_pairs = stride == 2 and padding == 0 and kernel % 2 == 0 and x.shape[3] % 2 == 0
    if n_in <= FEW_CHANNELS and steps_in_pairs:
        return _over_pairs(x, weight, bias)
    if n_in * kernel**2 <= FEW_INPUTS:
        if not _is_quick_with_few_inputs(x):
            return _over_patches(x, weight, bias, stride, padding)
        x = x.clone(memory_format=torch.channels_last)  # also where one channel is both
    x = x.contiguous(memory_format=torch.channels_last)
    if stride == 1 and min(weight.shape[:2]) >= WIDE and _trains_in_bf16_on_amx(weight):
        height, width = (size + 2 * padding - kernel + 1 for size in x.shape[2:])
        if height * width <= FEW_PIXELS:
            return _ToFewPixels.apply(x, weight, bias, padding)
    return F.conv2d(x, weight, bias, stride, padding)


def _over_pairs(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve with stride 2, two columns at a time, as if they were channels of one column.

    torch's own convolution computes with 16 channels where there is one; this halves the waste. In
    memory, with the channels last, the columns of a pair are neighbours.
    """
    n, n_in, height, width = x.shape
    x = x.permute(0, 2, 3, 1).reshape(n, height, width // 2, 2 * n_in)
    n_out, _, kernel, _ = weight.shape
    weight = weight.permute(0, 2, 3, 1).reshape(n_out, kernel, kernel // 2, 2 * n_in)
    return F.conv2d(x.permute(0, 3, 1, 2), weight.permute(0, 3, 1, 2), bias, (2, 1))


def _is_quick_with_few_inputs(x: Tensor) -> bool:
    """Tell whether torch's own convolution is; by an input, it is several times slower."""
    if x.dtype != torch.float32:
        return False
    return not x.requires_grad or (torch.is_autocast_enabled("cpu") and HAS_AMX)


def _over_patches(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """Convolve by a product of matrices over all patches of an image."""
    kernel = weight.shape[-1]
    patches = F.unfold(x, kernel, padding=padding, stride=stride)
    outputs = F.linear(patches.transpose(1, 2), weight.flatten(1), bias)
    height = (x.shape[2] + 2 * padding - kernel) // stride + 1
    return outputs.unflatten(1, (height, -1)).permute(0, 3, 1, 2)


def _trains_in_bf16_on_amx(weight: Tensor) -> bool:
    if not (HAS_AMX and weight.requires_grad and torch.is_autocast_enabled("cpu")):
        return False
    return torch.get_autocast_dtype("cpu") == torch.bfloat16 and not torch.compiler.is_compiling()


class _ToFewPixels(torch.autograd.Function):
    """A convolution of stride 1 whose gradient by its weights is one product over all patches.

    In bf16 on a CPU with AMX, torch's own takes longer than all else that the convolution does. It
    can be differentiated once, and not by `torch.func`.
    """

    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return F.conv2d(x, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    @custom_bwd(device_type="cpu")
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        n_out, n_in, kernel, _ = weight.shape
        pad = (ctx.padding, ctx.padding)
        wanted = (ctx.needs_input_grad[0], False, False)
        by_x = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, (1, 1), pad, (1, 1), False, (0, 0), 1, wanted
        )[0]
        x = x.permute(0, 2, 3, 1)
        if ctx.padding:
            x = F.pad(x, (0, 0, *pad, *pad))
        windows = x.unfold(1, kernel, 1).unfold(2, kernel, 1)  # (n, h', w', n_in, kernel, kernel)
        patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3).flatten(0, 2)
        rows = gradient.permute(0, 2, 3, 1).flatten(0, 2)
        by_weight = (rows.T @ patches).view(n_out, kernel, kernel, n_in).permute(0, 3, 1, 2)
        return by_x, by_weight, rows.sum(0), None
