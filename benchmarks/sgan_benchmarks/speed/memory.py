"""Private resident memory: what a process holds that is not a mapped file."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/status")
POLL = 0.002  # seconds
N_LABELED = 64  # rows of the maps that are not empty


def private_bytes() -> int | None:
    """Return this process's private resident memory (RssAnon); None where the kernel has none."""
    if not STATUS.is_file():
        return None
    for line in STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return None


class PeakMemory:
    """The greatest private memory since it began, in bytes beyond that at its beginning."""

    def __init__(self) -> None:
        self.added: int | None = None

    @contextmanager
    def watched(self) -> Iterator["PeakMemory"]:
        """Look every two milliseconds, from a thread, while the block runs."""
        gc.collect()  # what lies about would be given back meanwhile, and hide what is added
        before = private_bytes()
        if before is None:
            yield self
            return
        greatest, done = before, threading.Event()

        def look() -> None:
            nonlocal greatest
            while not done.wait(POLL):
                greatest = max(greatest, private_bytes() or 0)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()
            self.added = max(greatest, private_bytes() or 0) - before
