from django.apps import AppConfig
from django.core.checks import register


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import health, outcomes, registry, system_checks

        registry.specs()  # a declaration that leaves something out stops the start here, and says what and where
        register(system_checks.check_declarations, "wiring")
        outcomes.subscribe(health.observe)
