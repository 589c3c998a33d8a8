"""Webhook keys: where a provider posts to, seen by admins only, rotated with an overlap."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from inbox import audit, workspaces
from inbox.access import workspace_view
from inbox.health.cards import Card, Key
from inbox.models import Membership
from integrations.models import Integration, WebhookKey

ADMIN = Membership.Role.ADMIN
OVERLAPS = {"0": "at once", "1": "after 1 hour", "24": "after 24 hours", "168": "after 7 days"}


class RotateForm(forms.Form):
    """How long the old keys go on to work, in hours."""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="24")


def keys_of(request: HttpRequest, card: Card, shown: int | None) -> list[Key]:
    """The keys of a card for an admin; nobody else gets any."""
    if card.source is None or not request.membership.at_least(ADMIN):
        return []
    return [
        Key(
            row,
            card.source,
            ""
            if row.is_unreadable
            else request.build_absolute_uri(workspaces.webhook_path(card.source.name, row.secret)),
            row.pk == shown and not row.is_unreadable,
        )
        for row in WebhookKey.objects.usable().filter(integration=card.integration)
    ]


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


@require_POST
@workspace_view(ADMIN)
def end_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """End an old key's overlap now. A key that nothing replaces is not ended: rotate it."""
    key = own_key(request, key_id)
    ended = WebhookKey.objects.filter(pk=key.pk, expires_at__isnull=False).update(expires_at=timezone.now())
    if ended:
        audit.record(request.workspace.pk, request.user, "webhook_key.ended", key)
        messages.info(request, "The old address has ended.")
    else:
        messages.warning(request, "This is the address in force. Make a new key first.")
    return redirect("inbox:integrations", request.workspace.pk)


def own_key(request: HttpRequest, key_id: int) -> WebhookKey:
    """A key of the workspace that still opens. Raises Http404."""
    return get_object_or_404(WebhookKey.objects.usable(), pk=key_id, integration__workspace=request.workspace)
