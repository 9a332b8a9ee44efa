"""Accounts: how they begin, change and end. Who a caller is, is identity's matter."""

from backend.services.accounts.accounts import Accounts
from backend.services.accounts.dispatch import MailDispatch
from backend.services.accounts.export import AccountExport
from backend.services.accounts.housekeeping import Housekeeping
from backend.services.accounts.links import Links
from backend.services.accounts.second_factor import SecondFactorSettings

__all__ = ["AccountExport", "Accounts", "Housekeeping", "Links", "MailDispatch", "SecondFactorSettings"]
