"""Measure memory in a process of its own: python -m ... TASK FILE N_ROWS SIDE STEPS.

Writes one line of JSON: bytes of private memory that the task added at its peak, and seconds.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sgan_classifier import SGANClassifier
from sgan_classifier.datasets import make_craters

from .memory import N_LABELED, PeakMemory


def measure(task: str, file: str, n_rows: int, side: int, steps: int) -> dict[str, float | None]:
    """Run one task on the memory map `file` of uint8 images.

    Parameters
    ----------
    task : {"fit X", "fit pool", "predict"}
    file : str
    n_rows, side : int
        Shape (n_rows, side, side) of the map.
    steps : int
        Of training.
    """
    rows = np.memmap(file, np.uint8, "r", shape=(n_rows, side, side))
    X, y = make_craters(N_LABELED, image_size=side, random_state=0)
    model = SGANClassifier(device="cpu", max_iter=steps, random_state=0)
    run: Callable[[], Any]
    if task == "fit X":
        labels = np.full(n_rows, -1)
        labels[:N_LABELED] = y
        run = partial(model.fit, rows, labels)
    elif task == "fit pool":
        run = partial(model.fit, X, y, X_unlabeled=rows)
    else:
        model.fit(np.concatenate([X, X]), np.concatenate([y, np.full(N_LABELED, -1)]))
        model.predict(rows[:1000])  # buffers that every call needs are there before
        run = partial(model.predict, rows)
    memory, start = PeakMemory(), time.perf_counter()
    with warnings.catch_warnings(), memory.watched():
        warnings.simplefilter("ignore")  # a few steps on empty images teach nothing
        run()
    return {"added": memory.added, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    name, path, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(name, path, *map(int, numbers))) + "\n")
