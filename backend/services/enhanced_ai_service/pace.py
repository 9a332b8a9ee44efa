"""How quickly each model answers, as measured from the calls of this worker."""

from dataclasses import dataclass

from backend.domain.usage import UsageRecord

WEIGHT = 0.1
ASSUMED_TTFT_S = 0.4
ASSUMED_TOKENS_PER_S = 250.0


@dataclass(slots=True)
class Speed:
    """Moving averages. typical_tokens: of a completion."""

    seconds_per_token: float = 1 / ASSUMED_TOKENS_PER_S
    ttft_s: float = ASSUMED_TTFT_S
    typical_tokens: float = 400.0


class Pace:
    def __init__(self) -> None:
        self._speeds: dict[str, Speed] = {}

    def speed(self, model: str) -> Speed:
        """Measured, or the assumption where nothing has been measured yet."""
        return self._speeds.get(model, Speed())

    def observe(self, record: UsageRecord) -> None:
        if record.outcome != "ok" or record.usage.completion == 0:
            return
        speed = self._speeds.setdefault(record.model, Speed())
        if record.ttft_s is not None:
            speed.ttft_s += WEIGHT * (record.ttft_s - speed.ttft_s)
        answering = max(record.latency_s - speed.ttft_s, 0.0)
        speed.seconds_per_token += WEIGHT * (answering / record.usage.completion - speed.seconds_per_token)
        speed.typical_tokens += WEIGHT * (record.usage.completion - speed.typical_tokens)

    def seconds(self, model: str) -> float:
        """Expected time of a whole answer."""
        speed = self.speed(model)
        return speed.ttft_s + speed.typical_tokens * speed.seconds_per_token
