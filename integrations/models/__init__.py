from integrations.models.ai import AiCall
from integrations.models.integration import Integration, Provider, WebhookKey, hash_key
from integrations.models.traffic import CircuitBreaker, RateWindow

__all__ = ["AiCall", "CircuitBreaker", "Integration", "Provider", "RateWindow", "WebhookKey", "hash_key"]
