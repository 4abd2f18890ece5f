"""Code and arrays of the user's are told apart, and are the same in every process."""

import copy
import functools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from stopped_fits import X, Y, stopped
from tiny import sgan

from sgan_classifier import _fingerprint
from sgan_classifier.exceptions import CheckpointError


class Darker(torch.nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = torch.nn.Parameter(torch.tensor(by))

    def forward(self, x):
        return x - self.by.detach()

    def half(self, x):
        return x - self.by.detach() / 2


def subtract(x, by=0.1):
    return x - by


def subtracting(by):
    return lambda x: x - by


@pytest.mark.parametrize(
    ("augment", "other"),
    [
        (Darker(0.1), Darker(0.2)),
        (Darker(0.1).half, Darker(0.2).half),
        (Darker(0.1).half, Darker(0.1).forward),
        (functools.partial(subtract, by=0.1), functools.partial(subtract, by=0.2)),
        (functools.partial(subtract), functools.partial(np.negative)),
        (subtracting(0.1), subtracting(0.2)),
        (lambda x: x - 0.1, lambda x: x - 0.2),
        (lambda x: x.abs(), lambda x: x.neg()),
    ],
)
def test_code_of_the_user_s_is_told_by_what_it_does(augment, other, tmp_path):
    checkpoint = {"max_iter": 20, "checkpoint_dir": tmp_path, "checkpoint_every": 5}
    stopped(sgan(augment=augment, **checkpoint))
    with pytest.raises(CheckpointError, match=r"augment was .* and is .*checksum"):
        sgan(augment=other, **checkpoint).fit(X, Y)
    same = copy.deepcopy(augment) if isinstance(augment, Darker) else augment
    sgan(augment=same, **checkpoint).fit(X, Y)
    assert not list(tmp_path.iterdir())


def test_code_of_the_user_s_has_the_same_checksum_in_another_process(tmp_path):
    words = (
        "import functools, torch; from sgan_classifier._fingerprint import _describe\n"
        "def near(x, by=0.1): return (lambda a: a - by)(x) if by in {'a', 'b', 'c'} else x\n"
        "def within(by): return lambda x: near(x, by)\n"
        "flip = torch.nn.Sequential(torch.nn.Dropout(0.5))\n"
        "own = (near, within(2), functools.partial(near, by=3), flip, flip.forward, torch.abs)\n"
        "for one in own:\n"
        "    print(_describe('augment', one))"
    )
    command = [sys.executable, "-c", words]
    said = [
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert all("checksum" in line for line in said[0].splitlines()[:5])


def test_large_arrays_are_told_apart_by_evenly_spaced_rows(monkeypatch):
    monkeypatch.setattr(_fingerprint, "BYTES_HASHED", 64 * 10)
    seen, unseen = X.copy(), X.copy()
    seen[0] += 1
    unseen[1] += 1
    own = _fingerprint._describe_rows(X)
    assert _fingerprint._describe_rows(seen) != own
    assert _fingerprint._describe_rows(unseen) == own  # the price, as documented
    assert _fingerprint._describe_rows(np.asfortranarray(X)) == own
