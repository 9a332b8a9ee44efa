"""Mails to users: written from templates, sent through SMTP or, while developing, logged."""

from backend.services.mail.delivery import Delivery, LoggedDelivery, MailNotSent, NoDelivery, SmtpDelivery
from backend.services.mail.letters import LETTERS, Letters

__all__ = ["LETTERS", "Delivery", "Letters", "LoggedDelivery", "MailNotSent", "NoDelivery", "SmtpDelivery"]
