"""Loads the providers' declarations at start."""

from django.apps import AppConfig
from django.core.checks import register


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import registry, system_checks
        from integrations.http import call_reports

        # An incomplete declaration makes the start fail here, with an error that says what is missing.
        call_reports.declare(registry.specs())
        register(system_checks.check_declarations, "wiring")
