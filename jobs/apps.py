from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        from jobs import checks, housekeeping  # noqa: F401  registers the checks and our own ticks

        autodiscover_modules("jobs")
