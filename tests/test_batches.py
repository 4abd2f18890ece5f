import tracemalloc

import numpy as np
import pytest
import torch

from sgan_classifier._batches import CyclingSampler, Rows, evenly_spaced
from sgan_classifier._layout import infer_layout
from sgan_classifier.exceptions import InvalidInputError


@pytest.mark.parametrize(("n", "at_most"), [(4095, 2048), (4096, 2048), (511, 256), (6000, 256)])
def test_positions_do_not_fall_in_step_with_an_order_that_repeats(n, at_most):
    positions = evenly_spaced(n, at_most)
    assert len(positions) == at_most
    assert (np.diff(positions) > 0).all()
    assert 0 <= positions[0] < n / at_most
    assert n - n / at_most - 1 <= positions[-1] < n
    for period in (2, 3, 10):
        shares = np.bincount(positions % period, minlength=period) / len(positions)
        assert np.abs(shares * period - 1).max() < 0.5
    np.testing.assert_array_equal(positions, evenly_spaced(n, at_most))


def test_all_positions_are_taken_where_they_suffice():
    assert evenly_spaced(5, 5).tolist() == [0, 1, 2, 3, 4]
    assert evenly_spaced(0, 5).tolist() == []


def numbered(n, shape=(4, 5), dtype=np.uint8, start=0):
    rows = np.arange(start, start + n).reshape(n, *[1] * len(shape))
    return np.broadcast_to(rows, (n, *shape)).astype(dtype)


def rows_of(*arrays, index=None, image_shape=None):
    return Rows(list(arrays), infer_layout(arrays[0].shape, image_shape), index)


@pytest.mark.parametrize(
    ("shape", "image_shape", "expected"),
    [
        ((4, 5), None, (1, 4, 5)),
        ((6, 5, 3), None, (3, 6, 5)),
        ((3, 6, 5), None, (3, 6, 5)),
        ((60,), (4, 5, 3), (3, 4, 5)),
        ((7,), None, (7,)),
    ],
)
def test_rows_come_as_network_inputs_from_every_layout(shape, image_shape, expected):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 255, (10, *shape), dtype=np.uint8)
    rows = rows_of(array, image_shape=image_shape)
    batch = rows.take(np.array([9, 0, 9]))
    assert batch.shape == (3, *expected)
    assert batch.dtype == torch.uint8
    np.testing.assert_array_equal(rows.layout.from_channels_first(batch.numpy()), array[[9, 0, 9]])


def test_two_arrays_read_as_one_after_the_other():
    rows = rows_of(numbered(6), numbered(4, start=6))
    assert len(rows) == 10
    positions = np.array([0, 5, 6, 9, 5])
    assert rows.take(positions)[:, 0, 0, 0].tolist() == positions.tolist()


def test_an_index_selects_among_all_arrays():
    rows = rows_of(numbered(6), numbered(4, start=6), index=np.array([8, 1, 5]))
    assert len(rows) == 3
    assert rows.take(np.array([2, 0]))[:, 0, 0, 0].tolist() == [5, 8]


@pytest.mark.parametrize("index", [None, np.array([7, 3, 3, 0, 9])])
@pytest.mark.parametrize("n_arrays", [1, 2])
def test_chunks_are_all_rows_in_order(n_arrays, index):
    arrays = [numbered(10)] if n_arrays == 1 else [numbered(6), numbered(4, start=6)]
    rows = rows_of(*arrays, index=index)
    chunks = list(rows.chunks(4))
    assert max(map(len, chunks)) <= 4
    together = torch.cat(chunks)[:, 0, 0, 0].tolist()
    assert together == (list(range(10)) if index is None else index.tolist())


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.uint8, torch.uint8),
        (np.float16, torch.float16),
        (np.float32, torch.float32),
        (np.float64, torch.float64),
        (np.int32, torch.float64),
        (np.uint16, torch.float64),
        (np.dtype(">f4"), torch.float64),
    ],
)
def test_other_dtypes_than_torch_s_become_float64(dtype, expected):
    batch = rows_of(numbered(5, dtype=dtype)).take(np.array([4]))
    assert batch.dtype == expected
    assert batch.flatten()[0] == 4


def test_uint8_beside_float_is_an_error_that_names_both():
    with pytest.raises(InvalidInputError, match=r"uint8 and float32.*Convert one"):
        rows_of(numbered(3), numbered(3, dtype=np.float32))


def test_floats_of_two_widths_are_joined_in_the_wider():
    rows = rows_of(numbered(3, dtype=np.float32), numbered(3, dtype=np.float64))
    assert rows.take(np.array([0, 5])).dtype == torch.float64


def test_memory_map_is_read_a_batch_at_a_time(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((2000, 64, 64), dtype=np.float32))
    mapped = np.load(path, mmap_mode="r")
    rows = rows_of(mapped)
    tracemalloc.start()
    try:
        batch = rows.take(np.arange(0, 2000, 100))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert batch.shape == (20, 1, 64, 64)
    assert peak < mapped.nbytes / 10


def test_a_batch_is_a_copy_that_may_be_changed():
    array = numbered(5, dtype=np.float32)
    array.setflags(write=False)
    rows = rows_of(array)
    rows.take(np.array([1])).zero_()
    assert array[1, 0, 0] == 1


def test_chunks_of_a_plain_array_are_its_own_memory():
    array = numbered(5, dtype=np.float32)
    assert all(np.shares_memory(chunk.numpy(), array) for chunk in rows_of(array).chunks(2))


def odd_arrays():
    """The same rows in memory that torch cannot take as it is, or must not write to."""
    array = numbered(5, dtype=np.float32)
    record = np.zeros(5, dtype=[("flag", np.uint8), ("image", np.float32, array.shape[1:])])
    record["image"] = array
    frozen = array.copy()
    frozen.setflags(write=False)
    reversed_twice = np.ascontiguousarray(array[:, :, ::-1])[:, :, ::-1]
    return {"field": record["image"], "read-only": frozen, "reversed": reversed_twice}


@pytest.mark.parametrize("kind", odd_arrays())
def test_chunks_of_memory_that_torch_cannot_take_are_copies(kind):
    array = odd_arrays()[kind]
    (chunk,) = rows_of(array).chunks(5)
    np.testing.assert_array_equal(chunk[:, 0], numbered(5, dtype=np.float32))
    chunk.zero_()
    np.testing.assert_array_equal(array, numbered(5, dtype=np.float32))


# ------------------------------------------------------------------ which labelled rows come


def draws(n, sizes, seed=0):
    sampler = CyclingSampler(n, np.random.default_rng(seed))
    return [sampler.draw(size) for size in sizes]


@pytest.mark.parametrize(("n", "size"), [(10, 64), (64, 10), (1, 7), (7, 7)])
def test_every_row_is_drawn_as_often_as_every_other(n, size):
    batches = draws(n, [size] * 20)
    assert all(len(batch) == size for batch in batches)
    counts = np.bincount(np.concatenate(batches), minlength=n)
    assert len(counts) == n
    assert counts.max() - counts.min() <= 1


def test_order_changes_from_pass_to_pass_and_with_the_seed():
    first, second = draws(50, [50, 50])
    assert sorted(first) == sorted(second)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, draws(50, [50])[0])
    assert not np.array_equal(first, draws(50, [50], seed=1)[0])
