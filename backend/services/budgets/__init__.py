"""Budgets of users and caps of the installation: what a request may consume is held before, and settled after."""

from backend.services.budgets.accounts import BudgetAccounts
from backend.services.budgets.budgets import Budgets
from backend.services.budgets.controls import Controls
from backend.services.budgets.hold import Hold

__all__ = ["BudgetAccounts", "Budgets", "Controls", "Hold"]
