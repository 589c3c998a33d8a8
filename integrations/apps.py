from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import health, outcomes, registry, system_checks  # noqa: F401  registers its check

        registry.specs()  # a declaration that leaves something out stops the start here, and says what and where
        outcomes.subscribe(health.observe)
