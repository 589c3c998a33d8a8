"""The Django admin with the product's name; its skin is in templates/admin/."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


class AdminSite(admin.AdminSite):
    site_header = site_title = "Holdfast"
    index_title = "Operations"

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> TemplateResponse:
        """The list of models, under a few numbers that say whether anything needs a person."""
        from inbox.admin import summary  # the site exists before the apps are loaded

        return super().index(request, {"summary": summary.of(request), **(extra_context or {})})
