"""EnhancedAIService: one agent, five agents, streams and quotes."""

from backend.services.enhanced_ai_service.requests import AgentAsk, Ask, TeamAsk
from backend.services.enhanced_ai_service.service import EnhancedAIService

__all__ = ["AgentAsk", "Ask", "EnhancedAIService", "TeamAsk"]
