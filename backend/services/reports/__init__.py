"""Reports over all users: the leaderboard of agents and models, costs, and how the service does."""

from backend.services.reports.reports import Reports
from backend.services.reports.shapes import BusinessReport, CostReport, CostRow, DayReport, Leaderboard

__all__ = ["BusinessReport", "CostReport", "CostRow", "DayReport", "Leaderboard", "Reports"]
