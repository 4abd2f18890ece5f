"""How many threads, and failing, rather than hanging, where a fork left torch's behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

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


@contextmanager
def limit_threads(n_threads: int | None) -> Iterator[None]:
    """Limit the threads of torch and of the libraries that are loaded, and restore them."""
    if n_threads is None:
        yield
        return
    before = torch.get_num_threads()
    with threadpool_limits(n_threads):
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
