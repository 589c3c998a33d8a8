"""Replaces Django's admin site with Holdfast's own, and registers the system check of static files."""

from django.apps import apps
from django.contrib.admin.apps import AdminConfig as StockAdminConfig
from django.core.checks import Tags, register

NAMES = {"admin": "Changes made here", "auth": "Groups", "axes": "Logins"}
"""The names under which the admin lists the apps of other packages. They describe the contents of the apps' pages."""


class AdminConfig(StockAdminConfig):
    default_site = "admin.site.AdminSite"

    def ready(self) -> None:
        super().ready()
        from config import static

        register(static.check, Tags.staticfiles, deploy=True)
        for label, name in NAMES.items():
            apps.get_app_config(label).verbose_name = name
