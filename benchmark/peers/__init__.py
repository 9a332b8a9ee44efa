"""Other gateways, each installed once under .bench and configured as its documentation advises for one core."""

from benchmark.peers.peer import Peer, Run
from benchmark.peers.registry import PEERS, running_peers

__all__ = ["PEERS", "Peer", "Run", "running_peers"]
