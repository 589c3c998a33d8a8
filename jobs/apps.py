from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        from jobs import checks, housekeeping, retention
        from jobs.prepared import prepare_where_ours

        for check in checks.CHECKS:
            register(check)
        register(checks.check_kinds, "wiring")
        housekeeping.register()
        retention.register()
        connection_created.connect(prepare_where_ours)
        autodiscover_modules("jobs")  # each app's jobs.py: its kinds of job and its ticks
