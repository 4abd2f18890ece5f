"""Memory that a step frees is kept for the next; told in a process that has freed none before."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
import torch
from sgan_classifier import CNNClassifier

def step():  # of 30 MB, in blocks too large for the C library to keep by itself
    blocks = [torch.ones(1_000_000) for _ in range(7)]

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10

before = faults()
X = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype=np.uint8)
CNNClassifier(max_iter=1, width=2, batch_size=2).fit(X, [0, 1, 0, 1])
step()
print(before, faults())
"""


def is_glibc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION").startswith("glibc")
    except (AttributeError, OSError, ValueError):
        return False


@pytest.mark.skipif(not is_glibc(), reason="only glibc is known to keep memory in this way")
def test_a_fit_has_freed_memory_kept_between_steps():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=environment, check=True, capture_output=True, text=True
    )
    before, after = (float(word) for word in done.stdout.split())
    if before < 100.0:
        pytest.skip("the system gives out pages so large that few are needed")
    assert after < 0.25 * before  # large pages are given out now and then
