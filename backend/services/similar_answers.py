"""Whether answers to similar questions may be reused on this installation, known to every worker within a second.

Off for good as soon as too many hits are known to be false: an administrator switches them on again.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from backend.domain.audit import AuditAction
from backend.domain.similarity.audit import CEILING, SimilarState, is_similar
from backend.services.audit_log import AuditLog
from backend.services.changes import Announcements, Following
from backend.services.repositories.similar_answers import SimilarAnswersRepository

CHANNEL = "similar_answers"
HEARING_S, DEAF_S = 5.0, 0.5
ITSELF = "aether"
"""The actor where no administrator did it."""

log = structlog.get_logger()


class SimilarAnswersSwitch:
    """Construct it before the bus starts. allowed False: the deployment forbids them, whatever anybody wants.

    certain: is told the share of false hits that is beyond doubt (0..1), whenever there is something new.
    """

    def __init__(
        self,
        repository: SimilarAnswersRepository,
        bus: Announcements,
        audit: AuditLog,
        *,
        allowed: bool,
        certain: Callable[[float], None],
        hearing_s: float = HEARING_S,
        deaf_s: float = DEAF_S,
    ) -> None:
        self.allowed = allowed
        self._repository, self._audit = repository, audit
        self._certain = certain
        self._state = SimilarState()
        self._following = Following(CHANNEL, bus, self.look, hearing_s=hearing_s, deaf_s=deaf_s)

    async def start(self) -> None:
        """Raises DatabaseUnavailable, DeadlineExceeded: nothing is reused before it is known that it may be."""
        await self._following.start()

    async def close(self) -> None:
        await self._following.close()

    @property
    def enabled(self) -> bool:
        return self.allowed and self._state.enabled

    async def look(self) -> SimilarState:
        """Reads what holds now."""
        self._state = await self._repository.read()
        return self._state

    async def served(self) -> None:
        """A similar question's answer was reused."""
        await self._repository.count("served")

    async def audited(self, *, differed: bool) -> None:
        """A hit was asked afresh instead, and came to the same or not."""
        await self._weigh(await self._repository.count(*(("audited", "differed") if differed else ("audited",))))

    async def disputed(self, message_id: str, receipt: Mapping[str, Any] | None) -> None:
        """The user says that an answer is no good, or asks for another; it counts where it was a similar question's."""
        if is_similar(receipt) and (state := await self._repository.dispute(message_id)):
            await self._weigh(state)

    async def set_enabled(self, enabled: bool, actor: str) -> None:
        """actor: the administrator's user id. Switching on forgets what was found before."""
        if enabled:
            await self._repository.allow(actor)
        elif not await self._repository.forbid("an administrator switched them off", actor):
            return
        await self._announce(enabled, actor)

    async def _weigh(self, state: SimilarState) -> None:
        self._certain(state.findings.certain)
        if not (state.enabled and state.findings.over_ceiling):
            return
        reason = f"more than {CEILING:.0%} of the hits were false: {state.findings.certain:.1%} at least"
        if await self._repository.forbid(reason, ITSELF):
            log.error("similar_answers_off", certain=round(state.findings.certain, 4))
            await self._announce(False, ITSELF)

    async def _announce(self, enabled: bool, actor: str) -> None:
        await self._following.announce()
        answers = "on" if enabled else "off"
        await self._audit.record(AuditAction.SIMILAR_ANSWERS_SWITCHED, user_id=None, actor_id=actor, answers=answers)
