"""Tell the user's Ctrl-C from a callback that asks to stop: both are a KeyboardInterrupt."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class InterruptWatch:
    """While it is entered, notes whether a KeyboardInterrupt came of a signal.

    Only where Python's own handler would have raised it, and in the thread that handles signals.

    Attributes
    ----------
    came : bool
    """

    came = False

    def __enter__(self) -> Self:
        is_main = threading.current_thread() is threading.main_thread()
        self._watches = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._watches:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._watches and signal.getsignal(signal.SIGINT) == self._note:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.default_int_handler(number, frame)
