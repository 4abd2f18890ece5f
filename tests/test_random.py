# ruff: noqa: NPY002 - the legacy global generator is what is tested
import pickle

import joblib
import numpy as np
import pytest
import torch
from tiny import both, few_labels, noise_images, same_state, sgan, weights
from torch import nn

from sgan_classifier._random import Streams, draw_seed, isolated_global_state

X, Y = noise_images(), few_labels()


def global_states():
    return np.random.get_state(), torch.get_rng_state()


def assert_global_states_are(before):
    numpy_state, torch_state = global_states()
    for mine, old in zip(numpy_state, before[0], strict=True):
        np.testing.assert_array_equal(mine, old)
    assert torch.equal(torch_state, before[1])


class NoisyDiscriminator(nn.Sequential):
    """A user's network that draws from torch's global generator, in its weights and its dropout."""

    def __init__(self, n_classes):
        super().__init__(nn.Flatten(), nn.Linear(64, 6), nn.Dropout(0.5), nn.Linear(6, n_classes))


def own_pair(input_shape, n_classes):
    generator = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, input_shape))
    return generator, NoisyDiscriminator(n_classes)


def own_augment(batch):
    if np.random.random() < 0.5:
        batch = batch.flip(-1)
    return batch + 0.1 * torch.randn_like(batch)


OWN = [
    {},
    {"network": own_pair},
    {"augment": own_augment},
    {"network": own_pair, "augment": own_augment},
]
OWN_IDS = ["built-in", "own network", "own augmentation", "both own"]


@pytest.mark.parametrize("params", OWN, ids=OWN_IDS)
@both
def test_same_seed_gives_equal_arrays_and_another_seed_does_not(make, params):
    first = make(**params).fit(X, Y)
    np.random.random(3)  # whatever the program draws in between
    torch.rand(5)
    second = make(**params).fit(X, Y)
    other = make(**params, random_state=1).fit(X, Y)
    assert same_state(weights(first), weights(second))
    for method in ("predict_proba", "transform"):
        mine, same, different = (getattr(e, method)(X) for e in (first, second, other))
        np.testing.assert_array_equal(mine, same)
        assert not np.array_equal(mine, different)
    without_seconds = [
        [{k: v for k, v in record.items() if k != "seconds"} for record in e.history_]
        for e in (first, second)
    ]
    assert without_seconds[0] == without_seconds[1]


@both
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_own_code_draws_other_numbers_where_training_goes_on(make, method):
    drawn = []

    def augment(batch):
        drawn.append((torch.rand(()).item(), np.random.random()))
        return batch

    estimator = make(augment=augment, warm_start=True)
    for _ in range(3):
        getattr(estimator, method)(X, Y)
    for numbers in zip(*drawn, strict=True):
        assert len(set(numbers)) == len(drawn)


@pytest.mark.parametrize("params", OWN, ids=OWN_IDS)
@both
@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_states_are_left_as_they_were(make, params, random_state):
    before = global_states()
    estimator = make(**params, random_state=random_state)
    estimator.fit(X, Y).partial_fit(X, Y)
    estimator.predict_proba(X)
    assert_global_states_are(before)


@both
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_own_network_stays_apart_where_another_is_named_later(make, method):
    before, ends = global_states(), []
    for _ in range(2):
        estimator = make(network=own_pair, warm_start=True).fit(X, Y).set_params(network="auto")
        assert_global_states_are(before)
        getattr(estimator, method)(X, Y)
        ends.append(weights(estimator))
        assert_global_states_are(before)
        torch.rand(5)  # whatever the program draws in between
        before = global_states()
    assert same_state(*ends)


def test_global_random_states_are_left_as_they_were_after_an_error():
    def fails(batch):
        torch.rand(1)
        np.random.random()
        raise ArithmeticError("no view today")

    before = global_states()
    with pytest.raises(ArithmeticError, match="no view today"):
        sgan(augment=fails).fit(X, Y)
    assert_global_states_are(before)


def test_that_check_fails_on_a_leaking_copy():
    before = global_states()
    torch.rand(1)
    with pytest.raises(AssertionError):
        assert_global_states_are(before)
    torch.set_rng_state(before[1])
    np.random.random()
    with pytest.raises(AssertionError):
        assert_global_states_are(before)


def test_samples_follow_their_own_seed():
    estimator = sgan().fit(X, Y)
    before = global_states()
    first = estimator.sample(5, random_state=3)
    np.testing.assert_array_equal(first, estimator.sample(5, random_state=3))
    assert not np.array_equal(first, estimator.sample(5, random_state=4))
    assert not np.array_equal(estimator.sample(5), estimator.sample(5))
    assert_global_states_are(before)


def test_no_seed_gives_another_result_each_time():
    first, second = (sgan(random_state=None).fit(X, Y).predict_proba(X) for _ in range(2))
    assert not np.array_equal(first, second)


@both
def test_random_state_instance_gives_its_next_number_at_each_fit(make):
    shared = np.random.RandomState(0)
    estimator = make(random_state=shared)
    first, second = (estimator.fit(X, Y).predict_proba(X) for _ in range(2))
    assert not np.array_equal(first, second)
    again = make(random_state=np.random.RandomState(0)).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(first, again)


def test_labelled_batches_are_the_same_with_and_without_unlabelled_rows():
    with_pool, without = (Streams.from_seed(5, torch.device("cpu")) for _ in range(2))
    with_pool.pool_index.integers(100, size=1000)
    np.testing.assert_array_equal(
        with_pool.labeled_index.permutation(50), without.labeled_index.permutation(50)
    )


def test_draw_seed_takes_every_kind_of_random_state():
    assert draw_seed(7) == draw_seed(np.int64(7)) == 7
    assert draw_seed(np.random.RandomState(3)) == draw_seed(np.random.RandomState(3))
    assert 0 <= draw_seed(2**32 - 1) < 2**31
    assert len({draw_seed(None) for _ in range(5)}) > 1
    with pytest.raises(ValueError, match="cannot be used to seed"):
        draw_seed("seven")


def test_a_fitted_estimator_has_one_hash():
    model = sgan().fit(X, Y)
    assert joblib.hash(model) == joblib.hash(model)  # else joblib.Memory finds nothing again


def test_streams_go_on_where_they_were_after_pickling():
    streams = Streams.from_seed(0, torch.device("cpu"))
    torch.rand(3, generator=streams.noise)
    copy = pickle.loads(pickle.dumps(streams))
    assert torch.equal(torch.rand(4, generator=streams.noise), torch.rand(4, generator=copy.noise))
    np.testing.assert_array_equal(streams.pool_index.random(4), copy.pool_index.random(4))


def test_fits_that_overlap_leave_the_global_states_as_the_first_has_found_them(
    global_random_state_kept,
):
    one, other = isolated_global_state(1), isolated_global_state(2)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    other.__exit__(None, None, None)


def test_the_seed_that_waits_for_a_gpu_is_left():
    torch.manual_seed(42)
    waiting = torch.cuda._lazy_seed_tracker.get_calls()
    with isolated_global_state(7):
        pass
    assert torch.cuda._lazy_seed_tracker.get_calls() == waiting


def test_inactive_isolation_changes_nothing():
    with isolated_global_state(0, active=False):
        inside = global_states()
        torch.rand(1)
    assert not torch.equal(global_states()[1], inside[1])
