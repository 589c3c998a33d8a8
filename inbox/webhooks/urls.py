"""Addresses of the webhooks, with and without the key in the path, with and without the trailing slash."""

from django.urls import re_path

from inbox.webhooks.base import WebhookView
from integrations.registry import SOURCES

KEY = r"(?P<key>[A-Za-z0-9_-]{16,200})"

urlpatterns = [
    re_path(
        rf"^{source}(?:/{KEY})?/?$",
        WebhookView.as_view(source_name=source),
        name=f"webhook-{source.replace('/', '-')}",
    )
    for source in SOURCES
]
