"""The integrations page: a card per account, its test, and its settings. Members look, admins change."""

import threading
import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox import audit
from inbox.access import workspace_view
from inbox.forms.account import AccountForm
from inbox.health import cards, testing
from inbox.models import AuditEntry, Membership
from inbox.views.keys import RotateForm, keys_of, own_key
from integrations import registry
from integrations.checks import WARN, Check
from integrations.models import Integration

ADMIN = Membership.Role.ADMIN
SLOTS = threading.BoundedSemaphore(3)
"""At most this many threads of a server process wait for providers under test; the others answer other pages."""
KEY_UNREADABLE = (
    "This address cannot be shown: its key cannot be read with today’s FIELD_ENCRYPTION_KEYS. It goes on to work. "
    "Rotate makes a new one."
)
BUSY = Check("Test", WARN, "Other accounts are being tested just now.", "Try again in a few seconds.")


@never_cache
@require_safe
@workspace_view()
def integrations(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/integrations/`: every account of the workspace."""
    return _page(request)


@never_cache
@require_POST
@workspace_view(ADMIN)
def show_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """The page with one key in full; who looked is recorded."""
    key = own_key(request, key_id)
    if key.is_unreadable:
        messages.warning(request, KEY_UNREADABLE)
        return redirect("inbox:integrations", request.workspace.pk)
    audit.record(request.workspace.pk, request.user, "webhook_key.shown", key)
    return _page(request, shown=key.pk)


def _page(
    request: HttpRequest, *, shown: int | None = None, tested: dict[uuid.UUID, list[Check]] | None = None
) -> HttpResponse:
    """The page, with one key in full (`shown`) or the results of tests."""
    found = cards.of_workspace(request.workspace)
    for card in found:
        card.checks = (tested or {}).get(card.integration.pk)
        card.keys = keys_of(request, card, shown)
    context = {
        "cards": [card for card in found if card.connected],
        "others": [card for card in found if not card.connected],
        "providers": _addable(request),
        "form": RotateForm(),
        "acts": request.membership.at_least(ADMIN),
    }
    return render(request, "integrations/integrations.html", context)


def _addable(request: HttpRequest) -> list[tuple[str, str]]:
    """The providers that one more account can be connected of: one without account ids has one account only."""
    taken = {one.provider for one in request.workspace.integrations.all() if one.credentials or one.config}
    return [
        (spec.name, spec.label)
        for spec in registry.specs().values()
        if spec.is_connected_here and (spec.account_id or spec.name not in taken)
    ]


@require_safe
@workspace_view()
def last_event(request: HttpRequest, integration_id: uuid.UUID) -> HttpResponse:
    """The fragment that waits for an account's first event."""
    integration = _own(request, integration_id)
    card = cards.Card(integration, None, None, True, cards.last_delivery(integration))
    return render(
        request,
        "integrations/_last_event.html",
        {"card": card, "acts": request.membership.at_least(ADMIN)},
    )


@require_POST
@workspace_view(ADMIN)
def test(request: HttpRequest, integration_id: uuid.UUID) -> HttpResponse:
    """Test an account now: at most 5 s, each check with its verdict."""
    integration = _own(request, integration_id)
    if not SLOTS.acquire(blocking=False):
        return _checks(request, integration, [BUSY])
    try:
        lines = testing.run(integration)
    finally:
        SLOTS.release()
    bad = [line.label for line in lines if line.tone == "bad"]
    audit.record(request.workspace.pk, request.user, "integration.tested", integration, failed=bad)
    return _checks(request, integration, lines)


def _checks(request: HttpRequest, integration: Integration, lines: list[Check]) -> HttpResponse:
    if not request.htmx:
        return _page(request, tested={integration.pk: lines})
    card = cards.of_account(_own(request, integration.pk))  # as the test has left it
    card.checks = lines
    return render(request, "integrations/_tested.html", {"card": card})


@workspace_view(ADMIN)
def settings(request: HttpRequest, integration_id: uuid.UUID) -> HttpResponse:
    """`…/integrations/<account>/settings/`: names, ids, secrets. What is stored of a secret is its end."""
    return _edit(request, _own(request, integration_id))


@workspace_view(ADMIN)
def connect_account(request: HttpRequest, provider: str) -> HttpResponse:
    """`…/integrations/new/<provider>/`: an account more, or the one that waits to be set up."""
    spec = registry.specs().get(provider)
    if spec is None or not spec.is_connected_here:
        raise Http404("No such provider.")
    mine = Integration.objects.filter(workspace=request.workspace, provider=provider)
    blank = next((one for one in mine.filter(external_account_id="") if not one.credentials), None)
    if blank is None and not spec.account_id and (only := mine.first()):
        return redirect("inbox:integration-settings", request.workspace.pk, only.pk)
    return _edit(request, blank or Integration(workspace=request.workspace, provider=provider))


def _edit(request: HttpRequest, integration: Integration) -> HttpResponse:
    form = AccountForm(integration, request.POST if request.method == "POST" else None)
    if (
        request.method == "POST"
        and form.is_valid()
        and (saved := form.save(request.workspace.pk, request.user))
    ):
        messages.success(request, f"Saved. {saved.label} is being checked.")
        return redirect("inbox:integrations", request.workspace.pk)
    changed = AuditEntry.objects.filter(
        workspace=request.workspace, object_type="integration", object_id=str(integration.pk)
    ).filter(action__in=["integration.connected", "integration.changed"])
    context = {
        "form": form,
        "integration": integration,
        "fresh": integration._state.adding,
        "changed": changed.select_related("actor").first(),
    }
    return render(request, "integrations/settings.html", context, status=422 if form.errors else 200)


def _own(request: HttpRequest, integration_id: uuid.UUID) -> Integration:
    return get_object_or_404(
        Integration.objects.select_related("health"), pk=integration_id, workspace=request.workspace
    )
