"""A clock that moves only when somebody sleeps, and requests measured against it."""

from dataclasses import dataclass, field

from backend.services.llm.provider import ChatMessage, ChatRequest

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"


@dataclass
class Clock:
    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def request(self, model: str = SMALL, *, within_s: float = 60.0, effort: str | None = None) -> ChatRequest:
        return ChatRequest(
            model, (ChatMessage("user", "hello"),), 0.2, 100, self.now + within_s, reasoning_effort=effort
        )
