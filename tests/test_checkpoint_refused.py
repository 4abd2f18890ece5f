"""Checkpoints that a fit refuses, or cannot write."""

import errno
import os

import numpy as np
import pytest
from stopped_fits import StopAt, X, Y, stopped
from tiny import both, cnn, same_state, sgan, weights
from torch import nn

from sgan_classifier._checkpoint import FILE
from sgan_classifier.exceptions import (
    CheckpointError,
    CheckpointWriteError,
    TrainingInterruptedWarning,
)


def stopped_in_the_second_warm_start(**params):
    estimator = sgan(**params, callbacks=[StopAt(32)]).fit(X, Y)
    with pytest.warns(TrainingInterruptedWarning, match="after 32 steps"):
        return estimator.fit(X, Y)


OTHER_PIXEL = X.copy()
OTHER_PIXEL[39, 7, 7] ^= 1
OTHER_LABEL = Y.copy()
OTHER_LABEL[0] = 1 - OTHER_LABEL[0]


@pytest.mark.parametrize(
    ("params", "fit_params", "message"),
    [
        ({"learning_rate": 0.5}, {}, r"learning_rate was 0\.004 and is 0\.5"),
        ({"max_iter": 30}, {}, "max_iter was 20 and is 30"),
        ({"random_state": 1}, {}, "random_state was 0 and is 1"),
        ({"random_state": None}, {}, "random_state was 0 and is NoneType"),
        ({"augment": np.negative}, {}, r"augment was 'auto' and is numpy\.negative"),
        ({}, {"X": OTHER_PIXEL}, r"X was uint8 \(40, 8, 8\), checksum .* and is uint8"),
        ({}, {"X": X[:39], "y": Y[:39]}, r"X was uint8 \(40, 8, 8\).*; y was .* of 39 rows"),
        ({}, {"X": X.astype(float)}, r"X was uint8 .* and is float64"),
        ({}, {"y": OTHER_LABEL}, "y was 16 labels of 40 rows"),
        ({}, {"y": np.where(Y < 0, Y, Y + 1)}, "y was 16 labels of 40 rows"),
        ({}, {"X_unlabeled": X[:5]}, r"X_unlabeled was None and is uint8 \(5, 8, 8\)"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:30],
)
def test_directory_of_another_fit_is_an_error_that_says_which(
    params, fit_params, message, tmp_path
):
    checkpoint = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    stopped(sgan(**checkpoint))
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(CheckpointError, match=rf"checkpoint of another fit: (.*; )?{message}"):
        sgan(**{**checkpoint, **params}).fit(**{"X": X, "y": Y, **fit_params})
    assert (tmp_path / FILE).read_bytes() == before


def test_other_estimator_and_network_are_named(tmp_path):
    checkpoint = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    stopped(sgan(**checkpoint))
    with pytest.raises(CheckpointError, match="estimator was SGANClassifier and is CNNClassifier"):
        cnn(**checkpoint).fit(X, Y)


def test_parameters_that_change_nothing_learnt_may_differ(tmp_path):
    estimator = stopped(sgan(max_iter=20, checkpoint_dir=tmp_path, checkpoint_every=5))
    other = sgan(max_iter=20, checkpoint_dir=tmp_path, checkpoint_every=7, warm_start=True)
    other.fit(X, Y)
    assert same_state(weights(other), weights(sgan(max_iter=20).fit(X, Y)))
    assert estimator.n_iter_ == 12


def test_damaged_checkpoint_is_named(tmp_path):
    params = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    stopped(cnn(**params))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"damaged.* delete {FILE} there"):
        cnn(**params).fit(X, Y)


SIZES = {"hidden": 8}


def of_a_size_kept_elsewhere(input_shape, n_classes):
    generator = nn.Sequential(nn.Linear(sgan().latent_dim, 64), nn.Unflatten(1, input_shape))
    hidden = SIZES["hidden"]
    trunk = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden))
    return generator, nn.Sequential(trunk, nn.Linear(hidden, n_classes))


def test_networks_that_are_others_than_before_are_an_error(tmp_path, monkeypatch):
    params = {
        "network": of_a_size_kept_elsewhere,
        "checkpoint_dir": tmp_path,
        "checkpoint_every": 5,
    }
    stopped(sgan(max_iter=20, **params))
    before = (tmp_path / FILE).read_bytes()
    monkeypatch.setitem(SIZES, "hidden", 9)
    with pytest.raises(CheckpointError, match=r"(?s)of other networks: .*size mismatch.* delete"):
        sgan(max_iter=20, **params).fit(X, Y)
    assert (tmp_path / FILE).read_bytes() == before


@both
def test_full_disk_leaves_the_estimator_fitted_and_the_last_checkpoint(make, tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def full_at_the_third_file(descriptor):
        calls.append(descriptor)
        if len(calls) >= 5:  # of each file, and of the folder after it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    estimator = make(max_iter=20, checkpoint_dir=tmp_path, checkpoint_every=5)
    monkeypatch.setattr(os, "fsync", full_at_the_third_file)
    with pytest.raises(
        CheckpointWriteError, match=r"step 15.*No space left on device.*Make room"
    ) as info:
        estimator.fit(X, Y)
    monkeypatch.undo()
    assert info.value.errno == errno.ENOSPC
    assert estimator.n_iter_ == 15
    assert estimator.predict(X).shape == (40,)
    assert len(estimator.history_) == 15
    assert (tmp_path / FILE).exists()
    estimator.fit(X, Y)
    assert same_state(weights(estimator), weights(make(max_iter=20).fit(X, Y)))


def test_first_checkpoint_that_cannot_be_written_says_there_is_none(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointWriteError, match="There is none before it"):
        cnn(checkpoint_dir=tmp_path, checkpoint_every=1).fit(X, Y)
    assert not list(tmp_path.iterdir())


def test_directory_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="is a file"):
        cnn(checkpoint_dir=tmp_path / "file").fit(X, Y)
