"""The inbox in the Django admin. Importing this package registers all models."""

from inbox.admin import conversations, deliveries, followups, health, judgement, ledgers, operators, people

__all__ = [
    "conversations",
    "deliveries",
    "followups",
    "health",
    "judgement",
    "ledgers",
    "operators",
    "people",
]
