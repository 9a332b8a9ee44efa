"""Ends the servers of the tests when pytest itself can no longer do it (kill -9, a lost xdist worker).

`python tests/guard.py PID...`: waits until its standard input closes, then kills what still runs of the pids.
"""

import sys

import psutil


def main() -> None:
    """The processes are looked up at once, so that a pid that is reused later is not theirs."""
    processes = [psutil.Process(int(pid)) for pid in sys.argv[1:] if psutil.pid_exists(int(pid))]
    sys.stdin.read()
    for process in processes:
        if process.is_running():
            process.kill()


if __name__ == "__main__":
    main()
