"""Fail, rather than hang, where torch's threads did not come along into a forked process."""

import os

import torch

from .exceptions import ForkedThreadsError

_used_in: int | None = None  # the process in which torch has run on several threads


def check_threads() -> None:
    """Call before torch computes.

    Torch's pool of threads waits forever for threads that a fork did not copy. One thread needs no
    pool.

    Raises
    ------
    ForkedThreadsError
        If this process was forked from one in which this library had run on several threads, and
        would run on several, too.
    """
    global _used_in
    if torch.get_num_threads() == 1:
        return
    if _used_in is None:
        _used_in = os.getpid()
    elif _used_in != os.getpid():
        raise ForkedThreadsError(
            f"This process was forked after torch had run on several threads, and on "
            f"{torch.get_num_threads()} it would wait for them forever. Call "
            "torch.set_num_threads(1) first here, or start processes by 'spawn' or 'forkserver', "
            "as joblib does by default."
        )
