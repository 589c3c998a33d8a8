from django.apps import AppConfig
from django.core.checks import register


class InboxConfig(AppConfig):
    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox import checks, system_checks, wiring

        wiring.connect()
        for check in system_checks.CHECKS:
            register(check, "wiring")
        checks.take_own_weights()
