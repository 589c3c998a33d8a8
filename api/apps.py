from django.apps import AppConfig
from django.core.checks import register


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        from api import system_checks

        register(system_checks.check_views, "wiring")
