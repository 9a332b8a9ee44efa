"""Runs in TensorZero's own environment: starts its gateway with the configuration file of the first argument.

The gateway is Rust on threads of its own; this interpreter only says where it listens, and waits.
"""

import signal
import sys
from types import SimpleNamespace

from tensorzero import patch_openai_client

ENDS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    client = patch_openai_client(SimpleNamespace(), config_file=sys.argv[1], async_setup=False)
    sys.stdout.write(f"TensorZero listens at {client.base_url}\n")
    sys.stdout.flush()
    signal.sigwait(ENDS)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    main()
