"""SIGINT, SIGTERM and SIGHUP: the first asks to stop, a second one to hurry."""

import asyncio
import signal

SAME_WISH_S = 1.0
"""Terminals, shells and process managers deliver one wish several times: to the process, and to its group."""


HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """stop: set by the first signal. hurry: set by a later one."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self._first = 0.0

    def install(self) -> None:
        """Handles the signals in the running loop. Under nohup SIGHUP stays ignored."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.receive)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self.receive)

    def block(self) -> None:
        """From now on they wait until the process has ended, so that its exit code stays that of an orderly stop."""
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)

    def receive(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self.stop.is_set():
            self._first = now
            self.stop.set()
        elif now - self._first > SAME_WISH_S:
            self.hurry.set()
