"""The services of one worker, as routes find them in the lifespan's state."""

from dataclasses import dataclass

from backend.domain.browser import BrowserRules
from backend.services.accounts import AccountExport, Accounts, SecondFactorSettings
from backend.services.administration import UserAdministration
from backend.services.api_keys import ApiKeys
from backend.services.audit_log import AuditLog
from backend.services.budgets import Budgets, Controls
from backend.services.calibration.calibrations import Calibrations
from backend.services.conversation_search import ConversationSearch
from backend.services.enhanced_ai_service import EnhancedAIService
from backend.services.health import Health
from backend.services.identity import Identity
from backend.services.limiter import Limiter
from backend.services.oidc import OidcSignIn
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.preferences import Preferences
from backend.services.reports import Reports
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.feedback import FeedbackRepository
from backend.services.repositories.folders import FolderRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.prompts import PromptRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.sharing import Sharing
from backend.services.similar_answers import SimilarAnswersSwitch
from backend.services.stream_log import StreamLog
from backend.services.transfer import ConversationExport, ConversationImport
from backend.services.updates import Updates


@dataclass(frozen=True, slots=True)
class Services:
    """oidc: None without an identity provider. simulated: answers come from the bundled simulator.

    metrics_token: opens /metrics, empty for none.
    """

    accounts: Accounts
    administration: UserAdministration
    account_export: AccountExport
    ai: EnhancedAIService
    api_keys: ApiKeys
    audit: AuditLog
    browser: BrowserRules
    budgets: Budgets
    cache: PerformanceCache
    calibration: Calibrations
    controls: Controls
    conversations: ConversationRepository
    database: ScalableDatabase
    folders: FolderRepository
    feedback: FeedbackRepository
    health: Health
    identity: Identity
    limiter: Limiter
    messages: MessageRepository
    monitor: PerformanceMonitor
    oidc: OidcSignIn | None
    preferences: Preferences
    prompts: PromptRepository
    reports: Reports
    second_factor: SecondFactorSettings
    search: ConversationSearch
    sharing: Sharing
    similar: SimilarAnswersSwitch
    streams: StreamLog
    transfers_in: ConversationImport
    transfers_out: ConversationExport
    updates: Updates
    users: UserRepository
    metrics_token: str
    simulated: bool
