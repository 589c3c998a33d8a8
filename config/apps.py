"""Replaces Django's admin app by one with our admin site, and registers the check of static files."""

from django.contrib.admin.apps import AdminConfig as StockAdminConfig
from django.core.checks import Tags, register


class AdminConfig(StockAdminConfig):
    default_site = "config.admin.AdminSite"

    def ready(self) -> None:
        super().ready()
        from config import static

        register(static.check, Tags.staticfiles, deploy=True)
