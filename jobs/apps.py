"""The app of background jobs. At start, the app registers checks, ticks and retention, and loads each app's jobs.py."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        from jobs import lost_workers, system_checks

        for check in system_checks.CHECKS:
            register(check)
        register(system_checks.check_kinds, "wiring")
        lost_workers.register()
        autodiscover_modules("jobs")  # loads each app's jobs.py, which registers kinds of jobs and ticks
