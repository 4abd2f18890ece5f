"""Kill fits at chosen steps, go on, and say whether the end is that of a fit never stopped.

Run by `test_checkpoint.py` in a process of its own, since it forks: `python kill_fits.py FOLDER`.
Prints JSON: for each variant whether the weights are equal and how many processes were killed.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback
from tiny import cnn, few_labels, noise_images, same_state, sgan, weights
from torch import nn

from sgan_classifier import persistence

X, Y = noise_images(40), few_labels(40, n_labeled=16)


class KillAt(Callback):
    """Ends the process as `kill -9` does, at the end of a step of this call of fit."""

    def __init__(self, step):
        self.step, self.seen = step, 0

    def on_batch_end(self, net, **kwargs):
        self.seen += 1
        if self.seen == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def own_pair(input_shape, n_classes):
    """Networks that draw from torch's global generator."""
    generator = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.2), nn.Unflatten(1, input_shape))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    return generator, discriminator


def own_augment(batch):
    return batch * float(np.random.uniform(0.9, 1.1))  # noqa: NPY002


VARIANTS = {
    "sgan": (sgan, {"augment": ("shift", "affine", "brightness", "cutout")}),
    "cnn": (cnn, {"learning_rate_schedule": "cosine"}),
    "validated": (sgan, {"early_stopping": True, "validation_fraction": 0.25}),
    "no seed": (sgan, {"random_state": None}),
    "own code": (sgan, {"network": own_pair, "augment": own_augment}),
    "warm": (sgan, {"warm_start": True}),
}


def in_child(function):
    """Run in a process of its own and return how it ended."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function()
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(name, folder):
    make, params = VARIANTS[name]
    # 60 steps: a record is a mean over two; checkpoints come in the middle of one, too
    params = {**params, "max_iter": 60}
    checkpoint = {"checkpoint_dir": folder / "checkpoint", "checkpoint_every": 5}

    def fit(callbacks=None, interrupted_call=None):
        estimator = make(**params, **checkpoint)
        if interrupted_call:
            setattr(os, *interrupted_call)
        return estimator.set_params(callbacks=callbacks).fit(X, Y)

    def die(*args):
        os.kill(os.getpid(), signal.SIGKILL)

    ends = [in_child(lambda step=step: fit([KillAt(step)])) for step in (1, 4, 6, 12, 5)]
    ends += [in_child(lambda call=call: fit(None, (call, die))) for call in ("fsync", "replace")]

    path = folder / "end.safetensors"
    own = {}
    if "network" in params:
        own = {"networks": own_pair, "augment": own_augment}

    def finish():
        persistence.save(fit(), path)

    finished = in_child(finish)
    continued = persistence.load(path, **own)
    never_stopped = make(**{**params, "random_state": continued._seed}).fit(X, Y)
    records = [
        [{k: v for k, v in record.items() if k != "seconds"} for record in e.history_]
        for e in (continued, never_stopped)
    ]
    return {
        "ends": ends,
        "finished": finished,
        "same weights": same_state(weights(continued), weights(never_stopped)),
        "same records": records[0] == records[1],
        "files left": sorted(p.name for p in (folder / "checkpoint").iterdir()),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    results = {}
    for i, variant in enumerate(VARIANTS):
        folder = Path(sys.argv[1]) / str(i)
        folder.mkdir()
        results[variant] = run(variant, folder)
    print(json.dumps(results))
