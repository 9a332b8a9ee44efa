"""Ends a server of the tests when pytest itself can no longer do it (kill -9, a lost xdist worker).

`python tests/guard.py PID FOLDER`: waits until its standard input closes. Where the process still runs then, it is
killed, and the folder, in which it and others kept their data, removed.
"""

import shutil
import sys

import psutil


def main() -> None:
    """The process is looked up at once, so that a pid that is reused later is not its."""
    pid, folder = int(sys.argv[1]), sys.argv[2]
    process = psutil.Process(pid) if psutil.pid_exists(pid) else None
    sys.stdin.read()
    if process and process.is_running():
        process.kill()
        psutil.wait_procs([process], timeout=10)
        shutil.rmtree(folder, ignore_errors=True)  # the guards of the other servers do the same


if __name__ == "__main__":
    main()
