"""Fork after a fit on several threads. Run by `test_concurrency.py` in a process of its own.

Prints JSON: how the fit in the child ended on two threads and on one, and in its own child.
"""

import json
import os
import signal
import sys

import torch
from tiny import few_labels, noise_images, same_state, sgan, weights

from sgan_classifier.exceptions import ForkedThreadsError

X, Y = noise_images(100, 16, 16), few_labels(100)


def fit():
    # wide enough for torch to use more than one thread; without the check, a child hangs
    return sgan(width=16, max_iter=2).fit(X, Y)


def in_child(function, n_threads):
    """Run in a forked process; return its exit status, which is negative after 200 seconds."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(200)
            torch.set_num_threads(n_threads)
            status = 0 if function() else 2
        except ForkedThreadsError as error:
            status = 3 if "torch.set_num_threads(1)" in str(error) else 4
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    before_any_thread = in_child(lambda: fit().predict(X).shape == (100,), 2)
    torch.set_num_threads(1)
    alone = fit()
    torch.set_num_threads(2)
    fitted = fit()
    results = {
        "fork before threads": before_any_thread,
        "fit on two": in_child(fit, 2),
        "predict on two": in_child(lambda: fitted.predict(X), 2),
        "sample on two": in_child(lambda: fitted.sample(2), 2),
        "same fit on one": in_child(lambda: same_state(weights(alone), weights(fit())), 1),
        "predict on one": in_child(lambda: fitted.predict(X).shape == (100,), 1),
        "threads after": torch.get_num_threads(),
        "parent goes on": same_state(weights(fitted), weights(fit())),
    }
    json.dump(results, sys.stdout)
