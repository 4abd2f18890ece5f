"""Random views of a batch of images, made on the batch's device."""

import torch
import torch.nn.functional as F
from torch import Tensor

AUGMENTATIONS = ("shift", "flip", "flip_vertical", "rotate90", "affine", "brightness", "cutout")

AFFINE_TURN = 0.26  # radians either way, 15 degrees
AFFINE_STRETCH = 0.1  # relative change of each side, and shear, either way
CUTOUT_SIDE = 0.5  # of the shorter side, about: see `cutout_view`
CUTOUT_FROM = 16  # pixels of the shorter side, below which "auto" hides nothing
BRIGHTNESS = 0.1  # added to scaled pixels, uniform in +-this
CONTRAST = 0.2  # log-factor on scaled pixels around the image's mean, uniform in +-this


def shift_in_pixels(height: int, width: int) -> int:
    """Return the largest shift of "shift": a sixteenth of the shorter side, at least one pixel."""
    return max(1, min(height, width) // 16)


def geometric_view(batch: Tensor, names: tuple[str, ...], rng: torch.Generator) -> Tensor:
    """Shift, flip and turn each image at random, all in one gather.

    Parameters
    ----------
    batch : Tensor of shape (n, c, h, w), any dtype
    names : tuple of str
        "shift" moves by a whole number of pixels, up to `shift_in_pixels`, and fills the edge by
        reflection. "flip" mirrors left and right for half of the images, "flip_vertical" top and
        bottom. "rotate90" turns by 0, 90, 180 or 270 degrees; images that are not square by 0 or
        180. Other names are ignored.
    rng : torch.Generator
        On the batch's device.

    Returns
    -------
    Tensor of shape (n, c, h, w)
    """
    n, channels, height, width = batch.shape
    if not {"shift", "flip", "flip_vertical", "rotate90"}.intersection(names):
        return batch
    device = batch.device
    row = torch.arange(height, device=device).expand(n, height)
    column = torch.arange(width, device=device).expand(n, width)
    if "shift" in names:
        largest = shift_in_pixels(height, width)
        by = torch.randint(-largest, largest + 1, (2, n, 1), generator=rng, device=device)
        row, column = _reflect(row + by[0], height), _reflect(column + by[1], width)
    if "flip" in names:
        column = torch.where(_coin(n, rng, device), width - 1 - column, column)
    if "flip_vertical" in names:
        row = torch.where(_coin(n, rng, device), height - 1 - row, row)
    if "rotate90" in names:
        half_turn = _coin(n, rng, device)
        row = torch.where(half_turn, height - 1 - row, row)
        column = torch.where(half_turn, width - 1 - column, column)
    down, right = row * width, column  # the two parts of an index into the flat image
    if "rotate90" in names and height == width:
        # a quarter turn: transpose, then mirror the columns
        quarter_turn = _coin(n, rng, device)
        down, right = (
            torch.where(quarter_turn, right, down),
            torch.where(quarter_turn, down.flip(1), right),
        )
    index = down[:, :, None] + right[:, None, :]
    flat = index.view(n, 1, height * width).expand(n, channels, -1)
    return batch.flatten(2).gather(2, flat).view(batch.shape)


def affine_view(x: Tensor, rng: torch.Generator) -> Tensor:
    """Turn, stretch and shear each scaled image a little at random, with bilinear interpolation.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w), floating point
    rng : torch.Generator
        On the batch's device.

    Returns
    -------
    Tensor of shape (n, c, h, w)
    """
    turn, stretch_x, stretch_y, shear = _uniform((4, x.shape[0]), rng, x.device)
    cos, sin = torch.cos(AFFINE_TURN * turn), torch.sin(AFFINE_TURN * turn)
    scale_x, scale_y = 1.0 + AFFINE_STRETCH * stretch_x, 1.0 + AFFINE_STRETCH * stretch_y
    zero = torch.zeros_like(cos)
    height, width = x.shape[2:]
    across = (-sin + AFFINE_STRETCH * shear) * height / width  # torch measures in sides
    upper = torch.stack([cos * scale_x, across, zero], dim=1)
    lower = torch.stack([sin * width / height, cos * scale_y, zero], dim=1)
    grid = F.affine_grid(torch.stack([upper, lower], dim=1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def cutout_view(x: Tensor, rng: torch.Generator) -> Tensor:
    """Hide a square of about half the side, at a random place, behind the image's mean.

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
    2017. The square has a pixel in its middle, and may reach over the edge. In an image whose
    shorter side has s pixels, its side has 2 * ceil(s / 4) - 1: one less than s / 2 where 4 divides
    s.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w), scaled pixels
    rng : torch.Generator
        On the batch's device.

    Returns
    -------
    Tensor of shape (n, c, h, w)
    """
    n, _, height, width = x.shape
    half = CUTOUT_SIDE * min(height, width) / 2.0
    row, column = (
        (
            torch.arange(size, device=x.device)
            - torch.randint(0, size, (n, 1), generator=rng, device=x.device)
        ).abs()
        < half
        for size in (height, width)
    )
    hidden = (row[:, :, None] & column[:, None, :])[:, None]
    return torch.where(hidden, x.mean(dim=(1, 2, 3), keepdim=True), x)


def photometric_view(x: Tensor, rng: torch.Generator) -> Tensor:
    """Change brightness and contrast of each scaled image at random.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w), scaled pixels
    rng : torch.Generator
        On the batch's device.

    Returns
    -------
    Tensor of shape (n, c, h, w)
    """
    uniform = _uniform((2, x.shape[0], 1, 1, 1), rng, x.device)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return (x - mean) * torch.exp(CONTRAST * uniform[0]) + mean + BRIGHTNESS * uniform[1]


def _uniform(shape: tuple[int, ...], rng: torch.Generator, device: torch.device) -> Tensor:
    """Draw from [-1, 1)."""
    return 2.0 * torch.rand(shape, generator=rng, device=device, dtype=torch.float32) - 1.0


def _reflect(position: Tensor, size: int) -> Tensor:
    """Fold positions that fell off either edge back inside."""
    last = size - 1
    return last - (last - position.abs()).abs()


def _coin(n: int, rng: torch.Generator, device: torch.device) -> Tensor:
    return torch.randint(0, 2, (n, 1), generator=rng, device=device).bool()
