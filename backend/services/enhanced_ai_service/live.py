"""The writing end of one stream."""

import asyncio

import orjson

from backend.domain.problems import problem_of
from backend.domain.replies import AgentResponse
from backend.errors import AetherError
from backend.services.enhanced_ai_service.outcomes import encode
from backend.services.enhanced_ai_service.stream_events import token_event
from backend.services.stream_log import StreamWriter


class Live:
    """The writing end of one stream. first resolves at the first token or fails with what came instead.

    opened: who asked for the stream has it, or has gone. correlation_id: of the request that asked, for its errors.
    """

    def __init__(self, writer: StreamWriter, correlation_id: str | None) -> None:
        self.writer = writer
        self._correlation_id = correlation_id
        self.opened = asyncio.Event()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None:
        self.writer.append("token", token_event(content, reasoning, agent))
        self._begun()

    def agent_done(self, response: AgentResponse) -> None:
        self.writer.append("agent_done", encode(response))

    def end(self, event: str, data: bytes) -> None:
        self.writer.append(event, data)
        self._begun()

    def fail(self, error: AetherError) -> None:
        self.writer.append("error", orjson.dumps(problem_of(error, self._correlation_id)))
        if not self.first.done():
            self.first.set_exception(error)
            self.first.exception()  # seen, even where the asker is gone and nobody awaits it

    def _begun(self) -> None:
        if not self.first.done():
            self.first.set_result(None)
