from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        from jobs import checks, housekeeping  # noqa: F401  registers the checks and our own ticks
        from jobs.prepared import prepare_where_ours

        connection_created.connect(prepare_where_ours)

        autodiscover_modules("jobs")
