"""The inbox in the Django admin; Django finds the registrations through this package."""

from inbox.admin import conversations, deliveries, followups, health, ledgers, people

__all__ = ["conversations", "deliveries", "followups", "health", "ledgers", "people"]
