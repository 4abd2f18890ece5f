"""Batches cut from arrays or memory maps by index; no array is ever copied whole."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ._layout import Layout
from .exceptions import InvalidInputError

_TORCH_DTYPES = (np.uint8, np.float16, np.float32, np.float64)


class Rows:
    """Rows of one array, or of several one after the other.

    Parameters
    ----------
    arrays : list of ndarray of shape (n_i, *layout.row_shape)
        Kept as they are: views, read-only arrays and memory maps alike.
    layout : Layout
    index : ndarray of int64, optional
        Which rows to use, counted through all arrays; all of them by default.

    Examples
    --------
    >>> import numpy as np
    >>> from sgan_classifier._batches import Rows
    >>> from sgan_classifier._layout import infer_layout
    >>> X = np.zeros((10, 8, 8), dtype=np.uint8)
    >>> rows = Rows([X], infer_layout(X.shape, None))
    >>> rows.take(np.array([3, 3, 9])).shape
    torch.Size([3, 1, 8, 8])
    """

    def __init__(
        self, arrays: list[np.ndarray], layout: Layout, index: np.ndarray | None = None
    ) -> None:
        # masks, bytes, other whole numbers and fractions are not in the same units
        units = {
            "bytes" if array.dtype == np.uint8 else array.dtype.kind.replace("u", "i")
            for array in arrays
        }
        if len(units) > 1:
            kinds = " and ".join(str(array.dtype) for array in arrays)
            raise InvalidInputError(
                f"X and X_unlabeled have dtypes {kinds}, whose scales differ. "
                "Convert one of them so that both hold the same units."
            )
        # a memory map is indexed through its plain view: the subclass costs time at every batch
        self.arrays = [np.asarray(array) for array in arrays]
        self.layout = layout
        self.index = index
        self._starts = np.cumsum([0] + [len(array) for array in arrays])

    def __len__(self) -> int:
        return int(self._starts[-1]) if self.index is None else len(self.index)

    @property
    def dtype(self) -> np.dtype:
        return self.arrays[0].dtype

    def take(self, positions: np.ndarray) -> Tensor:
        """Copy some rows.

        Parameters
        ----------
        positions : ndarray of int64, shape (b,)

        Returns
        -------
        Tensor of shape (b, *layout.input_shape)
            On the CPU; uint8 or floating point as the arrays are, masks as uint8, other dtypes as
            float64.
        """
        if self.index is not None:
            positions = self.index[positions]
        if len(self.arrays) == 1:
            rows = self.arrays[0][positions]
        else:
            shape = (len(positions), *self.arrays[0].shape[1:])
            rows = np.empty(shape, np.result_type(*self.arrays))
            source = np.searchsorted(self._starts, positions, side="right") - 1
            for i, array in enumerate(self.arrays):
                here = source == i
                rows[here] = array[positions[here] - self._starts[i]]
        return self._to_tensor(rows)

    def chunks(self, size: int) -> Iterator[Tensor]:
        """Yield all rows in order, at most `size` at a time, as by `take`, but not to write to."""
        if self.index is None and len(self.arrays) == 1:
            for start in range(0, len(self), size):
                rows = self.arrays[0][start : start + size]
                # "carray": in order, aligned and writeable, as torch wants the memory it shares
                yield self._to_tensor(rows if rows.flags.carray else rows.copy())
        else:
            for start in range(0, len(self), size):
                yield self.take(np.arange(start, min(start + size, len(self))))

    def subset(self, positions: np.ndarray) -> "Rows":
        """Return the rows at some positions (b,), without copying any."""
        index = positions if self.index is None else self.index[positions]
        return Rows(self.arrays, self.layout, index)

    def _to_tensor(self, rows: np.ndarray) -> Tensor:
        if rows.dtype.kind == "b":
            rows = rows.view(np.uint8)
        if rows.dtype not in _TORCH_DTYPES:  # nor is a dtype of foreign byte order
            rows = rows.astype(np.float64)
        return torch.from_numpy(self.layout.to_channels_first(rows))


def evenly_spaced(n: int, at_most: int) -> np.ndarray:
    """Return `at_most` positions in [0, n), or all n, int64: one of each of equal parts.

    They are the same at every call, but not at equal distances: rows in an order that repeats, such
    as classes in turn, would fall in step with those.
    """
    if n <= at_most:
        return np.arange(n)
    edges = np.linspace(0, n, at_most + 1).astype(np.int64)
    return np.random.default_rng(0).integers(edges[:-1], edges[1:])


class CyclingSampler:
    """Draw positions without replacement until all have been drawn, then begin anew.

    With ten labels and a batch of 32, each label comes three or four times: no luck of the draw.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng
        self.rest = np.empty(0, dtype=np.int64)

    def draw(self, size: int) -> np.ndarray:
        """Return `size` positions in [0, n), int64."""
        parts = []
        while size > 0:
            if len(self.rest) == 0:
                self.rest = self.rng.permutation(self.n)
            part, self.rest = self.rest[:size], self.rest[size:]
            parts.append(part)
            size -= len(part)
        return np.concatenate(parts)
