"""Buses of several workers, without Redis."""

from collections.abc import Callable

from backend.services.redis_client import RedisUnavailable


class Network:
    """What the workers' buses share. Cut it and messages are lost, as they are without Redis."""

    def __init__(self) -> None:
        self.buses: list[Bus] = []

    def cut(self) -> None:
        for bus in self.buses:
            bus.connected = False

    def mend(self) -> None:
        for bus in self.buses:
            bus.connected = True
            for handler in bus.gap_handlers:
                handler()


class Bus:
    def __init__(self, network: Network) -> None:
        self.connected = True
        self.handlers: dict[str, list[Callable[[bytes], None]]] = {}
        self.gap_handlers: list[Callable[[], None]] = []
        self._network = network
        network.buses.append(self)

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> None:
        self.handlers.setdefault(channel, []).append(handler)

    def on_gap(self, handler: Callable[[], None]) -> None:
        self.gap_handlers.append(handler)

    async def publish(self, channel: str, payload: bytes) -> None:
        if not self.connected:
            raise RedisUnavailable("cut")
        for bus in self._network.buses:
            for handler in bus.handlers.get(channel, ()):
                handler(payload)
