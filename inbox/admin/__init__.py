"""The inbox in the Django admin; Django finds the registrations through this package."""

from inbox.admin import conversations, deliveries, health, ledgers, people

__all__ = ["conversations", "deliveries", "health", "ledgers", "people"]
