from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate


class InboxConfig(AppConfig):
    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox import roles, system_checks, weights_check, wiring

        wiring.connect()
        post_migrate.connect(roles.fill, sender=self)
        for check in system_checks.CHECKS:
            register(check, "wiring")
        weights_check.take_own_weights()
