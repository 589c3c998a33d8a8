from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class AdminConfig(StockAdminConfig):
    default_site = "config.admin.AdminSite"

    def ready(self) -> None:
        super().ready()
        from config import static  # noqa: F401  registers its check
