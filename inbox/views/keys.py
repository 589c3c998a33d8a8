"""Webhook keys: where a provider posts to, shown and copied by admins, rotated with an overlap."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox import audit, workspaces
from inbox.access import workspace_view
from inbox.models import Membership, WebhookDelivery
from integrations.models import Integration, WebhookKey
from integrations.registry import SOURCES, WebhookSource

ADMIN = Membership.Role.ADMIN
OVERLAPS = {"0": "at once", "1": "after 1 hour", "24": "after 24 hours", "168": "after 7 days"}


class RotateForm(forms.Form):
    """How long the old keys go on to work, in hours."""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="24")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the page shows it: its end, or all of it where an admin has asked to see it."""

    row: WebhookKey
    source: WebhookSource
    url: str
    shown: bool

    @property
    def masked(self) -> str:
        return f"/api/webhooks/{self.source.name}/••••{self.row.secret[-4:]}/"


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account, its keys, and when something last came from it."""

    integration: Integration
    source: WebhookSource
    keys: list[Key]
    last_delivery: WebhookDelivery | None


@never_cache
@require_GET
@workspace_view(ADMIN)
def integrations(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/integrations/`: every account with its webhook address."""
    return _page(request)


@never_cache
@require_POST
@workspace_view(ADMIN)
def show_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """Show one key in full; who looked is recorded."""
    key = _own(request, key_id)
    audit.record(request.workspace.pk, request.user, "webhook_key.shown", key)
    return _page(request, shown=key.pk)


@require_POST
@workspace_view(ADMIN)
def rotate(request: HttpRequest, integration_id) -> HttpResponse:
    """A new key for the account; the old ones end after the chosen overlap."""
    integration = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    form = RotateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose when the old key ends.")
        return redirect("inbox:integrations", request.workspace.pk)
    hours = int(form.cleaned_data["overlap"])
    key = WebhookKey.rotate(integration, timedelta(hours=hours))
    audit.record(request.workspace.pk, request.user, "webhook_key.rotated", key, overlap_hours=hours)
    messages.info(
        request,
        f"New key made. The old one ends {OVERLAPS[str(hours)]}. Put the new address into the provider.",
    )
    return redirect("inbox:integrations", request.workspace.pk)


def _own(request: HttpRequest, key_id: int) -> WebhookKey:
    return get_object_or_404(WebhookKey.objects.usable(), pk=key_id, integration__workspace=request.workspace)


def _page(request: HttpRequest, shown: int | None = None) -> HttpResponse:
    sources = {source.provider: source for source in SOURCES.values()}
    accounts = [
        _account(request, integration, sources[integration.provider], shown)
        for integration in request.workspace.integrations.all()
        if integration.provider in sources
    ]
    context = {"accounts": accounts, "form": RotateForm(), "now": timezone.now()}
    return render(request, "integrations/integrations.html", context)


def _account(
    request: HttpRequest, integration: Integration, source: WebhookSource, shown: int | None
) -> Account:
    last = WebhookDelivery.objects.filter(workspace=request.workspace, integration=integration)
    keys = [
        Key(
            row,
            source,
            request.build_absolute_uri(workspaces.webhook_path(source.name, row.secret)),
            row.pk == shown,
        )
        for row in WebhookKey.objects.usable().filter(integration=integration)
    ]
    newest = last.defer("body", "headers").order_by("-received_at").first()
    return Account(integration, source, keys, newest)
