"""The data of the benchmarks: what is bundled, and .npz files of the user's."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_sample_images

from sgan_classifier.benchmarking import Run, load_benchmark_data, run_label_efficiency
from sgan_classifier.benchmarking._data import DATA_VARIABLE, TABLES
from sgan_classifier.benchmarking._hard_digits import among_others, on_photographs
from sgan_classifier.model_selection import mask_labels

ARRAYS = ("X_train", "y_train", "X_test", "y_test")


def test_digits_have_a_fixed_test_set_that_training_never_sees(digits):
    again = load_benchmark_data("digits")
    assert (len(digits.X_train), len(digits.X_test)) == (1297, 500)
    np.testing.assert_array_equal(digits.X_test, again.X_test)
    assert set(digits.y_train) == set(digits.y_test) == set(range(10))


def test_lunar_patches_have_room_for_the_mark_of_unlabelled_rows(lunar):
    assert lunar.X_train.shape == (7300, 32, 32)
    assert lunar.X_train.dtype == np.uint8
    assert mask_labels(lunar.y_train, 10, random_state=0).min() == -1
    assert len(np.unique(lunar.groups)) == 12
    assert lunar.parameters == {"augment": ("shift", "flip", "rotate90"), "max_iter": 4000}


def test_npz_file_is_loaded_by_its_path(tmp_path, digits):
    path = tmp_path / "mine.npz"
    np.savez(
        path,
        X_train=digits.X_train,
        y_train=digits.y_train.astype(np.uint8),
        X_test=digits.X_test,
        y_test=digits.y_test,
    )
    data = load_benchmark_data(str(path))
    assert data.name == "mine"
    np.testing.assert_array_equal(data.y_train, digits.y_train)
    assert data.parameters == {}


def test_classes_that_are_words_suit_every_method(tmp_path, digits):
    X, y = digits.X_train[:60], np.where(digits.y_train[:60] < 5, "low", "high")
    np.savez(tmp_path / "words.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    data = load_benchmark_data(str(tmp_path / "words.npz"))
    run = Run(tmp_path, "", verbose=0)
    record = run_label_efficiency(data, [10], 2, run, methods=["LabelSpreading", "SelfTraining"])
    assert np.isfinite(list(record["curve"]["test_scores"].values())).all()


def test_words_that_are_python_objects_are_refused_with_the_remedy(tmp_path, digits):
    y = np.where(digits.y_test < 5, "low", "high").astype(object)
    arrays = {"X_train": digits.X_test, "y_train": y, "X_test": digits.X_test, "y_test": y}
    np.savez(tmp_path / "words.npz", **arrays)
    with pytest.raises(ValueError, match=r"words\.npz: y_train .* save np\.where\(y_train"):
        load_benchmark_data(str(tmp_path / "words.npz"))


def test_unlabelled_rows_of_words_are_empty(tmp_path, digits):
    X, y = digits.X_train[:60], np.where(digits.y_train[:60] < 5, "low", "high")
    y[::3], y[1] = "", "-1"
    for name, labels in (("text", y), ("bytes", y.astype("S"))):
        path = tmp_path / f"{name}.npz"
        np.savez(path, X_train=X, y_train=labels, X_test=X, y_test=labels)
        data = load_benchmark_data(str(path))
        assert set(data.y_train) == set(data.y_test) == {-1, 0, 1}
        assert data.n_classes == 2
        assert (data.y_train[[0, 1, 3]] == -1).all()


def test_groups_are_as_many_as_rows_and_no_one_group_is_held_out(tmp_path, digits):
    X, y = digits.X_train[:60], digits.y_train[:60]
    arrays = {"X_train": X, "y_train": y, "X_test": X, "y_test": y}
    np.savez(tmp_path / "uneven.npz", groups_train=np.arange(59), **arrays)
    with pytest.raises(ValueError, match="X_train has 60 rows but groups_train has 59"):
        load_benchmark_data(str(tmp_path / "uneven.npz"))
    np.savez(tmp_path / "one.npz", groups_train=np.zeros(60), **arrays)
    assert load_benchmark_data(str(tmp_path / "one.npz")).groups is None


def test_unknown_data_missing_folder_and_missing_file_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(ValueError, match="Unknown data 'mars'"):
        load_benchmark_data("mars")
    with pytest.raises(
        ValueError, match=f"--data-dir, or set the environment variable {DATA_VARIABLE}"
    ):
        load_benchmark_data("lunar_nac")
    with pytest.raises(FileNotFoundError, match=r"There is no file .*lunar_nac\.npz"):
        load_benchmark_data("lunar_nac", tmp_path)


def test_npz_file_that_lacks_an_array_or_a_label_is_refused(tmp_path, digits):
    lacking, uneven = tmp_path / "lacking.npz", tmp_path / "uneven.npz"
    np.savez(lacking, X_train=digits.X_train, y_train=digits.y_train)
    with pytest.raises(ValueError, match="lacks X_test, y_test"):
        load_benchmark_data(str(lacking))
    np.savez(
        uneven,
        X_train=digits.X_train,
        y_train=digits.y_train[:-1],
        X_test=digits.X_test,
        y_test=digits.y_test,
    )
    with pytest.raises(ValueError, match="X_train has 1297 rows but y_train has 1296"):
        load_benchmark_data(str(uneven))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_split_once_and_for_all(name):
    data, again = load_benchmark_data(name), load_benchmark_data(name)
    assert data.X_train.ndim == 2
    assert np.array_equal(data.X_train, again.X_train)
    assert len(data.X_test) == pytest.approx(0.3 * (len(data.X_train) + len(data.X_test)), abs=1)
    assert set(data.y_test) == set(data.y_train)


@pytest.mark.parametrize("draw", [on_photographs, among_others])
def test_digits_in_colour_are_the_same_in_every_call(draw):
    X = load_digits().images[:30].astype(np.uint8) * 15
    first, again = (draw(X, np.random.default_rng(0)) for _ in range(2))
    assert first.shape == (30, 8, 8, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != draw(X, np.random.default_rng(1))).any()


def test_digits_on_photographs_are_differences():
    paper, ink = np.zeros((20, 9, 9), np.uint8), np.full((20, 9, 9), 255, np.uint8)
    pieces, negatives = (on_photographs(X, np.random.default_rng(0)) for X in (paper, ink))
    np.testing.assert_array_equal(negatives, 255 - pieces)
    whole = load_sample_images().images
    for piece in pieces:
        places = [np.argwhere((photo[:-8, :-8] == piece[0, 0]).all(axis=2)) for photo in whole]
        assert any(
            np.array_equal(photo[i : i + 9, j : j + 9], piece)
            for photo, found in zip(whole, places, strict=True)
            for i, j in found
        )


def test_digits_among_others_have_parts_of_others_at_their_sides():
    """Of digits without ink but one, a part of that one is seen beside the others."""
    X = np.zeros((40, 16, 16), np.uint8)
    plain = among_others(X, np.random.default_rng(0)).astype(int)
    X[:20] = 255
    images = among_others(X, np.random.default_rng(0)).astype(int)
    changed = np.abs(images - plain).max(axis=(1, 3))[20:] > 60  # (20, 16): columns of the inkless
    assert changed[:, :3].any()
    assert changed[:, -3:].any()
    assert not changed[:, 6:10].any()
    assert (np.abs(images - plain).max(axis=3)[:20].mean(axis=(1, 2)) > 60).all()


@pytest.mark.parametrize("name", ["mnist_on_photos", "mnist_in_colours"])
def test_data_made_of_mnist_has_its_labels_and_no_settings(name, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8), np.arange(40) % 10
    np.savez(tmp_path / "mnist.npz", X_train=X, y_train=y, X_test=X[:20], y_test=y[:20])
    data = load_benchmark_data(name, tmp_path)
    assert data.name == name
    assert (data.X_train.shape, data.X_test.shape) == ((40, 28, 28, 3), (20, 28, 28, 3))
    np.testing.assert_array_equal(data.y_train, y)
    assert data.parameters == {}
    assert not data.is_shared
