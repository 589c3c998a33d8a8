from django.apps import AppConfig
from django.core.checks import register


class InboxConfig(AppConfig):
    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox import system_checks, weights_check, wiring

        wiring.connect()
        for check in system_checks.CHECKS:
            register(check, "wiring")
        weights_check.take_own_weights()
