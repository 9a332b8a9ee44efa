"""What people have said and been answered, and what they keep beside it."""

from dataclasses import dataclass

from backend.services.conversation_search import ConversationSearch
from backend.services.preferences import Preferences
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.feedback import FeedbackRepository
from backend.services.repositories.folders import FolderRepository
from backend.services.repositories.imports import ImportRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.preferences import PreferenceRepository
from backend.services.repositories.prompts import PromptRepository
from backend.services.repositories.shares import ShareRepository
from backend.services.sharing import Sharing
from backend.services.transfer import ConversationExport, ConversationImport
from backend.services.transfer.branches import Branches
from backend.wiring.foundation import Foundation


@dataclass(frozen=True, slots=True)
class Library:
    conversations: ConversationRepository
    messages: MessageRepository
    folders: FolderRepository
    feedback: FeedbackRepository
    prompts: PromptRepository
    preferences: Preferences
    search: ConversationSearch
    sharing: Sharing
    transfers_in: ConversationImport
    transfers_out: ConversationExport


def library_of(base: Foundation) -> Library:
    database = base.database
    conversations, messages = ConversationRepository(database), MessageRepository(database)
    branches = Branches(messages)
    return Library(
        conversations=conversations,
        messages=messages,
        folders=FolderRepository(database),
        feedback=FeedbackRepository(database),
        prompts=PromptRepository(database),
        preferences=Preferences(PreferenceRepository(database), base.bus),
        search=ConversationSearch(conversations, messages),
        sharing=Sharing(ShareRepository(database), conversations, branches, base.audit),
        transfers_in=ConversationImport(ImportRepository(database), database.now),
        transfers_out=ConversationExport(conversations, branches),
    )
