"""The app of the Django admin. At start, the app registers all admin pages, system checks and permissions."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate

REGISTERING = (
    *("queued_tasks", "background_jobs", "job_records", "integrations", "leads", "deliveries"),
    *("followups", "health", "judgement", "ledgers", "operators", "members", "insights"),
)
"""The modules that register pages. Within an app, the models are listed in this order."""


class AdminRoomConfig(AppConfig):
    name = "admin"
    label = "holdfast_admin"  # Django's own admin app has the label "admin"

    def ready(self) -> None:
        # registers django-q2's admin pages now, so that `queued_tasks` can replace them
        import_module("django_q.admin")
        for module in REGISTERING:
            import_module(f"admin.{module}")
        from admin import checks, roles

        register(checks.check_admin, Tags.admin)
        post_migrate.connect(roles.fill, sender=apps.get_app_config("inbox"))
