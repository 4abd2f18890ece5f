import numpy as np
import pytest
from tiny import both, cnn, digits, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier.exceptions import InputScaleWarning, InvalidInputError

X, Y = noise_images(), few_labels()


@both
def test_each_call_is_one_pass_and_goes_on(make):
    estimator = make().partial_fit(X, Y)
    # 8 labels in a batch of 8; 24 unlabelled rows in batches of 16
    per_pass = 2 if make is sgan else 1
    assert estimator.n_iter_ == per_pass
    before = weights(estimator)
    estimator.partial_fit(X, Y)
    assert estimator.n_iter_ == 2 * per_pass
    assert not same_state(before, weights(estimator))
    assert len(estimator.history_) == 2 * per_pass


@both
def test_classes_may_be_named_before_they_come(make):
    names = np.array(["b", "a", "c"])
    y = np.where(Y == -1, None, names[:2].astype(object)[Y])
    estimator = make().partial_fit(X, y, classes=names)
    assert estimator.classes_.tolist() == ["a", "b", "c"]
    assert estimator.predict_proba(X).shape == (len(X), 3)
    of_c = np.full(len(X), None, dtype=object)
    of_c[:2] = "c"
    estimator.partial_fit(X, of_c)
    assert set(estimator.predict(X)) <= {"a", "b", "c"}


@both
def test_later_rows_may_hold_no_label(make):
    estimator = make().partial_fit(X, Y)
    steps, before = estimator.n_iter_, weights(estimator)
    estimator.partial_fit(X, np.full(len(X), -1))
    if make is sgan:
        assert estimator.n_iter_ == steps + 2
        assert not same_state(before, weights(estimator))
    else:  # the baseline has nothing to learn from them
        assert estimator.n_iter_ == steps
        assert same_state(before, weights(estimator))


@both
@pytest.mark.parametrize("y", [None, 0, np.zeros((24, 2))], ids=["None", "number", "columns"])
def test_later_labels_must_be_one_a_row(make, y):
    estimator = make().partial_fit(X, Y)
    before = weights(estimator)
    with pytest.raises(ValueError, match=r"y is None.*np.full\(24, -1\)|y should be a 1d array"):
        estimator.partial_fit(X, y)
    assert same_state(before, weights(estimator))


def test_pass_is_as_long_as_the_present_batches_ask():
    estimator = sgan(batch_size=4, unlabeled_ratio=2).partial_fit(X, Y)
    assert estimator.n_iter_ == 3
    assert estimator.set_params(unlabeled_ratio=6).partial_fit(X, Y).n_iter_ == 3 + 2


@both
def test_first_rows_need_a_label(make):
    for classes in (None, [0, 1]):
        estimator = make()
        with pytest.raises(ValueError, match=r"(?i)label"):
            estimator.partial_fit(X, np.full(len(X), -1), classes=classes)
        assert not hasattr(estimator, "net_")


@both
def test_unknown_class_is_an_error_with_the_remedy(make):
    estimator = make().partial_fit(X, Y)
    before = weights(estimator)
    with pytest.raises(
        InvalidInputError, match=r"label 2, which is not among the classes \[0, 1\]"
    ):
        estimator.partial_fit(X, few_labels(n_classes=3))
    with pytest.raises(InvalidInputError, match=r"differs from the .* first call, \[0, 1\]"):
        estimator.partial_fit(X, Y, classes=[0, 1, 2])
    assert same_state(before, weights(estimator))
    estimator.partial_fit(X, Y, classes=[1, 0])


@both
def test_later_rows_must_have_the_shape_of_the_first(make):
    estimator = make().partial_fit(X, Y)
    with pytest.raises(InvalidInputError, match=r"\(24, 7, 8\).*\(8, 8\)"):
        estimator.partial_fit(X[:, :7], Y)
    with pytest.raises(InvalidInputError, match="X has 24 rows, but y has 23"):
        estimator.partial_fit(X, Y[:-1])


def test_unlabelled_rows_may_come_apart():
    labeled = Y != -1
    estimator = sgan().partial_fit(X[labeled], Y[labeled], X_unlabeled=X)
    assert estimator.n_iter_ == 2  # 32 rows to draw from, 16 a step
    estimator.partial_fit(X[labeled], Y[labeled], X_unlabeled=X)
    assert estimator.n_iter_ == 4


@both
def test_scale_is_that_of_the_first_rows(make):
    rows = X.astype(float)
    estimator = make(scaling="range").partial_fit(rows, Y)
    scale = estimator.net_.scaler.scale.copy()
    with pytest.warns(InputScaleWarning, match="float64 values of up to .* float64 of up to"):
        estimator.partial_fit(rows * 1000, Y)
    np.testing.assert_array_equal(estimator.net_.scaler.scale, scale)


@both
def test_rows_on_another_scale_are_named_where_they_train(make):
    estimator = make(scaling="range").partial_fit(X, Y)
    with pytest.warns(InputScaleWarning, match=r"X holds float64 values.* uint8") as told:
        estimator.partial_fit(X / 255.0, Y)
    assert told[0].filename == __file__
    warm = make(scaling="range", warm_start=True).fit(X, Y)
    with pytest.warns(InputScaleWarning):
        warm.fit(X / 255.0, Y)


@both
def test_rows_of_classes_of_weight_0_alone_may_come(make):
    estimator = make(class_weight={0: 0}).partial_fit(X, Y)
    alone = Y == 0
    estimator.partial_fit(X[alone], Y[alone])
    assert np.isfinite(estimator.predict_proba(X)).all()


@both
def test_rows_of_another_table_or_fit_may_follow_a_fit(make):
    estimator = make().fit(X, Y)
    estimator.partial_fit(X, Y)
    assert estimator.n_iter_ > 3
    # and fit starts anew unless told otherwise
    assert estimator.fit(X, Y).n_iter_ == 3


@both
def test_same_calls_give_equal_weights(make):
    first, second = (make().partial_fit(X, Y).partial_fit(X, Y) for _ in range(2))
    assert same_state(weights(first), weights(second))


def test_passes_learn_what_a_fit_learns():
    images, true, masked = digits(100)
    labeled = masked != -1
    estimator = cnn(width=8, batch_size=20, learning_rate=5e-3, augment=None)
    for _ in range(20):
        estimator.partial_fit(images[labeled], masked[labeled])
    assert estimator.n_iter_ == 100
    assert estimator.score(images, true) > 0.75
