"""The tables of integrations: accounts, their keys and health, calls to the model, rate limits and circuit breakers."""

from integrations.models.ai import AiCall
from integrations.models.endpoint import WebhookAttempt, WebhookEndpoint
from integrations.models.health import (
    TROUBLED,
    HealthState,
    HealthTransition,
    Notice,
    WorkspaceIntegrationHealth,
)
from integrations.models.integration import Integration, WebhookKey, hash_key, known_provider
from integrations.models.polling import DayReceipt, ReplyPoll
from integrations.models.program import ApiToken, IdempotencyKey, Scope, note_use
from integrations.models.traffic import CircuitBreaker, RateWindow

__all__ = [
    "TROUBLED",
    "AiCall",
    "ApiToken",
    "CircuitBreaker",
    "DayReceipt",
    "HealthState",
    "HealthTransition",
    "IdempotencyKey",
    "Integration",
    "Notice",
    "RateWindow",
    "ReplyPoll",
    "Scope",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookKey",
    "WorkspaceIntegrationHealth",
    "hash_key",
    "known_provider",
    "note_use",
]
