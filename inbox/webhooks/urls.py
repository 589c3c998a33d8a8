"""Addresses of the webhooks, with and without the key in the path, with and without the trailing slash."""

from django.urls import path

from inbox.webhooks.base import WebhookView
from inbox.webhooks.signed import CalendlyWorkspaceView, ClayView, GhlAppView, SlackView
from integrations.registry import SOURCES

VIEWS = {"clay": ClayView}
"""Sources whose address has another way in besides the key."""


def _paths(route: str, view, name: str) -> list:
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    *_paths("ghl/app", GhlAppView.as_view(), "webhook-ghl-app"),
    *_paths("slack/interactions", SlackView.as_view(), "webhook-slack"),
    *_paths("calendly/<uuid:workspace_id>", CalendlyWorkspaceView.as_view(), "webhook-calendly-workspace"),
]
for source in SOURCES.values():
    view = VIEWS.get(source.name, WebhookView).as_view(source=source)
    name = f"webhook-{source.name.replace('/', '-')}"
    urlpatterns += _paths(source.name, view, name) + _paths(f"{source.name}/<str:key>", view, f"{name}-key")
