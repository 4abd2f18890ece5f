import pickle
import sys

import cloudpickle
import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_estimators import LabeledRowsSGD, MemoryMeter

from sgan_classifier import SGANClassifier
from sgan_classifier._pool import warn_if_cut
from sgan_classifier._scale_checks import check_pool_scale
from sgan_classifier.exceptions import InvalidInputError, PoolCutWarning
from sgan_classifier.model_selection import SemiSupervisedKFold, UnlabeledPool

CV = SemiSupervisedKFold(3)
GRID = {"alpha": [1e-4, 1e-2]}


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def pool_sizes(X, y, X_unlabeled, **fit_params):
    """Rows of the pool that the fits of a search saw, the last refit left out."""
    search = GridSearchCV(
        LabeledRowsSGD(), GRID, cv=CV, scoring=pool_size_scorer, refit=False, error_score="raise"
    )
    search.fit(X, y, X_unlabeled=X_unlabeled, **fit_params)
    n_train = len(X) * 2 // 3
    return {int(search.cv_results_[f"split{i}_test_score"][0]) - n_train for i in range(3)}


def pool_size_scorer(estimator, X, y):
    return estimator.n_pool_


@pytest.mark.parametrize("n_rows", [150, 10, 1000])
def test_a_pool_of_any_length_reaches_every_fit_whole(iris, n_rows):
    X, y = iris
    assert pool_sizes(X, y, UnlabeledPool(np.resize(X, (n_rows, 4)))) == {n_rows}


def test_a_bare_array_as_long_as_x_is_cut_which_is_why_there_are_pools(iris):
    class Bare(LabeledRowsSGD):
        def fit(self, X, y, X_unlabeled=None):
            return super().fit(X, y, UnlabeledPool(X_unlabeled))

    X, y = iris
    sizes = cross_val_score(
        Bare(), X, y, cv=CV, scoring=pool_size_scorer, params={"X_unlabeled": X.copy()}
    )
    assert sizes.tolist() == [200, 200, 200]  # 100 training rows, and 100 of the 150 of the pool


def test_a_pool_passes_with_metadata_routing(iris):
    X, y = iris
    with config_context(enable_metadata_routing=True):
        estimator = LabeledRowsSGD().set_fit_request(X_unlabeled=True)
        search = GridSearchCV(estimator, GRID, cv=CV).fit(X, y, X_unlabeled=UnlabeledPool(X))
    assert search.best_estimator_.n_pool_ == 300


def test_a_pool_is_no_sequence_and_no_array(iris):
    pool = UnlabeledPool(iris[0])
    for attribute in ("__len__", "shape", "__getitem__", "__array__"):
        assert not hasattr(pool, attribute)
    assert UnlabeledPool(pool).array is iris[0]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((3, 2), np.uint8), "UnlabeledPool(array of shape (3, 2), dtype uint8)"),
        ([[0, 1]], "UnlabeledPool(list)"),
    ],
)
def test_repr_tells_the_shape_and_not_the_values(array, text):
    assert repr(UnlabeledPool(array)) == text


# Pipelines


def test_a_pipeline_transforms_an_array_with_transform_input(iris):
    X, y = iris
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler(),
            PoolMean().set_fit_request(X_unlabeled=True),
            transform_input=["X_unlabeled"],
        ).fit(X, y, X_unlabeled=X[:40])
    expected = StandardScaler().fit(X).transform(X[:40]).mean(axis=0)
    np.testing.assert_allclose(pipeline[-1].pool_mean_, expected)


@pytest.mark.parametrize(
    "transformer", [StandardScaler(), FunctionTransformer(np.sqrt), FunctionTransformer(np.asarray)]
)
def test_a_pipeline_that_transforms_a_pool_raises_with_the_remedy(iris, transformer):
    X, y = iris
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            transformer,
            LabeledRowsSGD().set_fit_request(X_unlabeled=True),
            transform_input=["X_unlabeled"],
        )
        with pytest.raises(TypeError, match=r"stack its rows under X with -1 in y"):
            pipeline.fit(X, y, X_unlabeled=UnlabeledPool(X))


def test_what_a_pool_lacks_raises_with_the_remedy(iris):
    reshape = FunctionTransformer(lambda rows: rows.reshape(-1, 2, 2))
    with pytest.raises(AttributeError, match=r"'reshape'.*stack its rows under X with -1 in y"):
        reshape.transform(UnlabeledPool(iris[0]))


def test_the_remedy_for_pipelines_transforms_every_row(iris):
    X, y = iris
    stacked, labels = np.concatenate([X, X[:90]]), np.append(y, np.full(90, -1))
    pipeline = make_pipeline(StandardScaler(), LabeledRowsSGD())
    search = GridSearchCV(pipeline, {"labeledrowssgd__alpha": [1e-3]}, cv=CV).fit(stacked, labels)
    assert search.best_estimator_[-1].n_pool_ == 240
    np.testing.assert_allclose(search.best_estimator_[-1].mean_, 0, atol=1e-12)
    assert search.best_score_ > 0.8


class PoolMean(LabeledRowsSGD):
    def fit(self, X, y, X_unlabeled=None):
        self.pool_mean_ = np.mean(X_unlabeled, axis=0)
        return super().fit(X, y)


# What estimators check


@pytest.mark.parametrize("wrap", [lambda rows: rows, list])
def test_a_bare_array_as_long_as_x_warns(iris, wrap):
    with pytest.warns(PoolCutWarning, match=r"as many rows as X \(150\).*UnlabeledPool"):
        warn_if_cut(iris[0], wrap(iris[0]))


def test_the_warning_of_a_bare_array_points_at_the_callers_line(iris):
    X, y = iris
    model = SGANClassifier(width=2, max_iter=2)
    for fit in (model.fit, model.partial_fit):
        with pytest.warns(PoolCutWarning) as caught:
            fit(X, y, X_unlabeled=X)
        assert caught[0].filename == __file__


def test_pools_and_arrays_of_other_lengths_do_not_warn(iris):
    for beside in (None, UnlabeledPool(iris[0]), iris[0][:20]):
        warn_if_cut(iris[0], beside)


def masks(n, high=1, dtype=np.uint8):
    return (np.random.default_rng(0).integers(0, 2, (n, 8, 8)) * high).astype(dtype)


@pytest.mark.parametrize(
    ("X", "pool", "message"),
    [
        (masks(20), masks(30, 255), r"values of up to 255, and X of 1: .*same units"),
        (masks(20, 255), masks(30), r"values of up to 1, and X of 255: .*same units"),
        (masks(20, 9, np.int32), masks(30, 9 * 257, np.int32), "deviation.*same units"),
        (masks(20, 9, np.int16), masks(30, 9 * 257, np.uint16), "deviation.*same units"),
        (masks(20, 1.0, float), masks(30, 5.0, float), "deviation.*same units"),
    ],
)
def test_a_pool_on_another_scale_is_refused(X, pool, message):
    y = np.arange(len(X)) % 2
    with pytest.raises(InvalidInputError, match=message):
        SGANClassifier(width=2, max_iter=2).fit(X, y, X_unlabeled=pool)


def test_counts_of_another_brightness_and_black_rows_pass():
    for dtype in (np.uint8, np.int32):
        for X, pool in ((3, 255), (200, 5), (255, 0), (0, 255)):
            check_pool_scale(masks(20, X, dtype), masks(30, pool, dtype))
    check_pool_scale(masks(20, 1, bool), masks(30, 1, bool))


@pytest.mark.parametrize("seed", range(20))
def test_heavy_tails_pass_and_are_still_refused_in_other_units(seed):
    """How far out the farthest of ten rows lie is luck, and says nothing of units."""
    X = np.random.default_rng(seed).lognormal(sigma=2.0, size=(2000, 5))
    check_pool_scale(X[:10], X[10:])
    with pytest.raises(InvalidInputError, match="same units"):
        check_pool_scale(X[:100], 1000.0 * X[100:])


def test_one_wide_column_among_many_tells_a_pool_that_was_not_scaled():
    X = np.random.default_rng(0).normal(size=(500, 6))
    raw = X * [1, 1, 1, 1, 1, 40_000.0]
    for n in (10, 100, 400):
        with pytest.raises(InvalidInputError, match="same units"):
            check_pool_scale(X[:n], raw[n:])
        check_pool_scale(raw[:n], raw[n:])


def test_a_few_bytes_among_masks_are_refused():
    pool = masks(30)
    pool[:3] *= 255
    with pytest.raises(InvalidInputError, match="values of up to 255, and X of 1"):
        check_pool_scale(masks(20), pool)


def test_rows_that_alternate_between_two_spreads_pass():
    spreads = np.where(np.arange(2047) % 2, 2.0, 0.1)  # every other row would show one of them
    X = spreads[:, None] * np.random.default_rng(0).standard_normal((2047, 6))
    check_pool_scale(X, X[:1000])


# Pickles


@pytest.fixture
def memory_map(tmp_path):
    array = np.arange(60_000, dtype=np.int16).reshape(1000, 60)
    np.save(tmp_path / "pool.npy", array)
    return np.load(tmp_path / "pool.npy", mmap_mode="r")


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
@pytest.mark.parametrize(
    "view",
    [
        lambda a: a,
        lambda a: a[300:],
        lambda a: a[300:900][100:200],
        lambda a: a.T,
        lambda a: a.reshape(1000, 6, 10),
    ],
)
def test_a_memory_map_is_pickled_by_reference(memory_map, view, dumps):
    expected = view(memory_map)
    data = dumps(UnlabeledPool(expected))
    array = pickle.loads(data).array
    assert len(data) < 1000
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == expected.dtype


def test_a_map_far_into_a_large_file_is_found_again(tmp_path):
    whole = np.memmap(tmp_path / "raw", np.uint8, "w+", shape=300_000)
    whole[:] = np.arange(300_000) % 251
    part = np.memmap(tmp_path / "raw", np.uint8, "r+", offset=70_001, shape=(1000, 200))[10:]
    restored = pickle.loads(pickle.dumps(UnlabeledPool(part))).array
    np.testing.assert_array_equal(restored, part)


@pytest.mark.parametrize(
    "view", [lambda a: a[::2], lambda a: a[:0], lambda a: a + 1, np.copy, np.asarray]
)
def test_what_is_not_a_plain_stretch_of_a_file_is_pickled_by_value(memory_map, view):
    expected = view(memory_map)
    restored = pickle.loads(pickle.dumps(UnlabeledPool(expected))).array
    np.testing.assert_array_equal(restored, expected)


def test_changes_of_a_copy_on_write_map_are_kept(tmp_path, memory_map):
    array = np.load(memory_map.filename, mmap_mode="c")
    array[0] = 7
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(UnlabeledPool(array))).array, array)


@pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc")
@pytest.mark.parametrize("kind", ["array", "memory map"])
def test_workers_share_the_pool(tmp_path, kind):
    megabytes = 64
    array = np.ones((megabytes, 1024, 1024), dtype=np.uint8)
    if kind == "memory map":
        np.save(tmp_path / "pool.npy", array)
        array = np.load(tmp_path / "pool.npy", mmap_mode="r")
    X, y = np.zeros((40, 1)), np.tile([0, 1], 20)
    search = GridSearchCV(
        MemoryMeter(),
        {"copy": [False, False, True]},
        cv=SemiSupervisedKFold(2),
        n_jobs=2,
        refit=False,
    )
    search.fit(X, y, X_unlabeled=UnlabeledPool(array))
    shared, again, copied = search.cv_results_["mean_test_score"]
    # A third kind of fit that copies the pool shows that the meter sees copies.
    assert copied > megabytes - 1
    assert max(shared, again) < 8


@pytest.mark.parametrize("routing", [False, True])
def test_pool_that_a_pipeline_left_raw_is_refused_in_a_search(routing):
    rng = np.random.default_rng(0)
    X = rng.normal(100.0, 20.0, (40, 6))
    y = np.arange(40) % 2
    model = SGANClassifier(width=2, max_iter=2)
    with config_context(enable_metadata_routing=routing):
        if routing:
            model.set_fit_request(X_unlabeled=True)
        name = "X_unlabeled" if routing else "sganclassifier__X_unlabeled"
        search = GridSearchCV(
            make_pipeline(StandardScaler(), model), {"sganclassifier__width": [2]}, cv=2
        )
        with pytest.raises(InvalidInputError, match="transform X and not a pool"):
            search.set_params(error_score="raise").fit(X, y, **{name: UnlabeledPool(X)})
        scaled = UnlabeledPool(StandardScaler().fit_transform(X))
        assert search.fit(X, y, **{name: scaled}).best_score_ >= 0
