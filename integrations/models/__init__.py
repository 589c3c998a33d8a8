from integrations.models.integration import Integration, Provider, WebhookKey, hash_key

__all__ = ["Integration", "Provider", "WebhookKey", "hash_key"]
