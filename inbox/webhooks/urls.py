"""The addresses of the webhooks, with and without the key in the path, with and without the trailing slash."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from inbox.webhooks.signed import CalendlyWorkspaceView, SignedView, SlackView
from inbox.webhooks.views import WebhookView
from integrations import registry


def _paths(route: str, view: Callable[..., HttpResponseBase], name: str) -> list[URLPattern]:
    return [path(f"{route}/", view, name=name), path(route, view)]


SLACK = registry.webhook_source("slack/interactions")
urlpatterns = [
    *_paths(SLACK.name, SlackView.as_view(source=SLACK), "webhook-slack"),
    *_paths("calendly/<uuid:workspace_id>", CalendlyWorkspaceView.as_view(), "webhook-calendly-workspace"),
]
for source in registry.webhook_sources().values():
    if source is SLACK:  # Slack needs special answers, so its view is listed above
        continue
    name = f"webhook-{source.name.replace('/', '-')}"
    if source.keyed:
        view = WebhookView.as_view(source=source)
        urlpatterns += _paths(f"{source.name}/<str:key>", view, f"{name}-key")
    else:
        view = SignedView.as_view(source=source)
    urlpatterns += _paths(source.name, view, name)
