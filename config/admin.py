"""The Django admin with the product's name; its skin is in templates/admin/."""

from django.contrib import admin


class AdminSite(admin.AdminSite):
    site_header = site_title = "Holdfast"
    index_title = "Operations"
