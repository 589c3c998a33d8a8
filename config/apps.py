"""Replaces Django's admin app by one with our admin site, and registers the check of static files.

The apps of others are named here as people know in the admin what they show.
"""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig
from django.contrib.auth.apps import AuthConfig
from django.core.checks import Tags, register


class AdminConfig(StockAdminConfig):
    default_site = "config.admin.AdminSite"
    verbose_name = "Changes made here"

    def ready(self) -> None:
        super().ready()
        from config import static

        register(static.check, Tags.staticfiles, deploy=True)


class GroupsConfig(AuthConfig):
    verbose_name = "Groups"


class LogInsConfig(AxesConfig):
    verbose_name = "Log-ins"
