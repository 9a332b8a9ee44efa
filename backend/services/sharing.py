"""Sharing: a snapshot of a branch under a link that nobody can guess, until its owner takes it back."""

import hashlib
import secrets

from backend.domain.audit import AuditAction
from backend.domain.conversations import Conversation
from backend.domain.shares import Share, SharedMessage, Snapshot
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services.audit_log import AuditLog
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.shares import ShareRepository
from backend.services.transfer.branches import Branches

TOKEN_BYTES = 32
MAX_CHARACTERS = 1_000_000


class Sharing:
    def __init__(
        self, shares: ShareRepository, conversations: ConversationRepository, branches: Branches, audit: AuditLog
    ) -> None:
        self._shares = shares
        self._conversations = conversations
        self._branches = branches
        self._audit = audit

    async def share(self, user_id: str, conversation_id: str, message_id: str | None) -> tuple[Share, str]:
        """The share and its token, which is stored nowhere. message_id None: up to the last message.

        Raises NotFound, Conflict (temporary, nothing said yet, too many shares), InvalidInput (too long).
        """
        conversation = await self._conversations.get(user_id, conversation_id)
        if conversation is None:
            raise NotFound("You have no conversation with this id.")
        if conversation.temporary:
            raise Conflict("A temporary conversation is not shared.")
        messages = await self._snapshot(conversation, message_id)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        share = await self._shares.create(user_id, conversation_id, conversation.title, digest(token), messages)
        await self._audit.record(AuditAction.CONVERSATION_SHARED, user_id=user_id, share_id=share.id)
        return share, token

    async def page(self, user_id: str, limit: int, cursor: str | None = None) -> tuple[list[Share], str | None]:
        """Newest first; a page may be short, without those of deleted conversations. InvalidInput: a bad cursor."""
        shares, following = await self._shares.page(user_id, limit, cursor)
        kept = await self._conversations.titles(user_id, {share.conversation_id for share in shares})
        return [share for share in shares if share.conversation_id in kept], following

    async def take_back(self, user_id: str, share_id: str) -> None:
        """Nobody reads it from now on. Raises NotFound."""
        share = await self._shares.delete(user_id, share_id)
        if share is None:
            raise NotFound("You share nothing with this id.")
        await self._audit.record(AuditAction.SHARE_TAKEN_BACK, user_id=user_id, share_id=share.id)

    async def read(self, token: str) -> Snapshot:
        """For anybody. Raises NotFound, for a conversation that was deleted too."""
        snapshot = await self._shares.by_token_hash(digest(token))
        if snapshot is None or not await self._is_kept(snapshot.share):
            raise NotFound("Nothing is shared under this link, or not any more.")
        return snapshot

    async def _is_kept(self, share: Share) -> bool:
        return await self._conversations.get(share.user_id, share.conversation_id) is not None

    async def _snapshot(self, conversation: Conversation, message_id: str | None) -> list[SharedMessage]:
        tip = message_id or conversation.last_message_id
        taken: list[SharedMessage] = []
        size = 0
        found = False
        async for page in self._branches.branch(conversation.user_id, conversation.id, tip):
            for message in page:
                found = found or message.id == tip
                if message.content:
                    taken.append(SharedMessage(message.role, message.content, message.agent, message.created_at))
                    size += len(message.content)
            if size > MAX_CHARACTERS:
                raise InvalidInput("This branch is too long to be shared: a million characters are the most.")
        if message_id and not found:
            raise NotFound("There is no such message in this conversation.")
        if not taken:
            raise Conflict("There is nothing to share yet.")
        return taken


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
