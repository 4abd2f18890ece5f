"""A fit is the same whatever torch's state is where it is called."""

import pickle
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from tiny import both, cnn, few_labels, noise_images, same_state, sgan, weights

from sgan_classifier import networks, persistence
from sgan_classifier._augment import AUGMENTATIONS

X, Y = noise_images(24), few_labels(24)


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


STATES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "float64": lambda: default_dtype(torch.float64),
    "other_device": lambda: default_device("meta"),
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("state", STATES.values(), ids=list(STATES))
@both
def test_fit_learns_the_same_in_any_state(make, state, precision, tmp_path):
    params = {"augment": AUGMENTATIONS, "precision": precision}
    expected = make(**params).fit(X, Y)
    with state():
        found = make(**params).fit(X, Y)
    assert same_state(weights(found), weights(expected))
    with state():
        found.partial_fit(X, Y)
        answers = found.predict_proba(X)
        persistence.save(found, path := tmp_path / "m")
        samples = found.sample(3, random_state=0) if make is sgan else None
        copies = persistence.load(path), pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(answers, expected.partial_fit(X, Y).predict_proba(X))
    for copy in copies:
        np.testing.assert_array_equal(copy.predict_proba(X), answers)
    if samples is not None:
        np.testing.assert_array_equal(samples, expected.sample(3, random_state=0))


@pytest.mark.parametrize("name", [name for name in networks.NETWORKS if name != "mlp"])
def test_named_networks_train_where_torch_makes_float64(name):
    images = noise_images(24, 32, 32)
    with default_dtype(torch.float64):
        model = sgan(network=name, max_iter=1, batch_size=2, learning_rate=1e-4).fit(images, Y)
        assert model.sample(2).shape == (2, 32, 32)
    assert {weight.dtype for weight in model.net_.module_.parameters()} == {torch.float32}


def test_tables_train_where_torch_makes_float64():
    table = X.reshape(24, -1).astype(np.float64)
    with default_dtype(torch.float64):
        found = cnn().fit(table, Y)
    assert same_state(weights(found), weights(cnn().fit(table, Y)))
