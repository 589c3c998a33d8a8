"""Shows and rotates webhook keys, the secret parts of webhook addresses, for admins. Old and new keys overlap."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from inbox.health.account_cards import AccountCard, Key
from inbox.models import Membership, audit
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.workspaces import creation
from integrations.models import Integration, WebhookKey
from integrations.spec import WebhookSource

ADMIN = Membership.Role.ADMIN
OVERLAPS = {"0": "at once", "1": "after 1 hour", "24": "after 24 hours", "168": "after 7 days"}


class RotateForm(forms.Form):
    """The hours for which the old keys of an account still work."""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="24")


def keys_of(request: WorkspaceRequest, card: AccountCard, shown: int | None) -> list[Key]:
    """The webhook keys on an account's card, for admins; else []. `shown` is the id of the key to show in full."""
    if card.source is None or not request.membership.at_least(ADMIN):
        return []
    rows: list[WebhookKey] | None = getattr(card.integration, "usable_keys", None)  # of all cards at once
    if rows is None:
        rows = list(WebhookKey.objects.usable().filter(integration=card.integration))
    return [key_of(request, row, card.source, shown) for row in rows]


def key_of(request: WorkspaceRequest, row: WebhookKey, source: WebhookSource, shown: int | None) -> Key:
    """The key as a page shows it: in full if `shown` is its id and it can be read."""
    if row.pk != shown or row.is_unreadable:
        return Key(row, source)
    return Key(row, source, request.build_absolute_uri(creation.webhook_path(source.name, row.secret)))


@require_POST
@workspace_view(ADMIN)
def rotate(request: WorkspaceRequest, integration_id: UUID) -> HttpResponse:
    """Makes a new key for the account, with an audit entry. The old keys work on for `overlap` hours; 0 ends them."""
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
def end_key(request: WorkspaceRequest, key_id: int) -> HttpResponse:
    """Ends a replaced key now, with an audit entry. A key that nothing replaces is not ended; the page says so."""
    key = own_key(request, key_id)
    ended = WebhookKey.objects.filter(pk=key.pk, expires_at__isnull=False).update(expires_at=timezone.now())
    if ended:
        audit.record(request.workspace.pk, request.user, "webhook_key.ended", key)
        messages.info(request, "The old address has ended.")
    else:
        messages.warning(request, "This is the address in force. Make a new key first.")
    return redirect("inbox:integrations", request.workspace.pk)


def own_key(request: WorkspaceRequest, key_id: int) -> WebhookKey:
    """The usable webhook key of the request's workspace with this id. Raises Http404."""
    return get_object_or_404(WebhookKey.objects.usable(), pk=key_id, integration__workspace=request.workspace)
