"""The integrations page: a card for each account, with its test, settings and webhook keys. Only admins change them."""

import threading
import uuid
import zoneinfo
from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from inbox.health import account_cards, account_tests
from inbox.health import receipts as account_receipts
from inbox.health.account_cards import AccountCard, Key
from inbox.models import AuditEntry, Message
from inbox.models.lead import Channel
from inbox.models.message import OWN
from inbox.pages.access import ADMIN, FORM, POST, WorkspaceRequest, asks_again, next_url, workspace_view
from inbox.pages.forms import record, redirect_to
from inbox.pages.settings.account_form import AccountForm, SignatureForm
from inbox.workspaces import creation
from inbox.workspaces.accounts import SIGNATURES, name_of, reached_by, usable, with_accounts
from integrations import registry
from integrations.health.checks import WARN, Check
from integrations.models import DayReceipt, Integration, WebhookKey
from integrations.spec import WebhookSource
from jobs.durations import duration

OVERLAPS = {"0": "right away", "1": "after 1 hour", "24": "after 24 hours", "168": "after 7 days"}


class RotateForm(forms.Form):
    """Chooses how many hours the old webhook keys of an account still work."""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="24")


def keys_of(request: WorkspaceRequest, card: AccountCard, shown: int | None) -> list[Key]:
    """Returns the webhook keys for the card of an account if the user is an admin; else []. The key with the id `shown`
    is shown in full.
    """
    if card.source is None or not request.membership.at_least(ADMIN):
        return []
    # the page with all cards has prefetched the keys
    rows: list[WebhookKey] | None = getattr(card.integration, "usable_keys", None)
    if rows is None:
        rows = list(WebhookKey.objects.usable().filter(integration=card.integration))
    return [key_of(request, row, card.source, shown) for row in rows]


def key_of(request: WorkspaceRequest, row: WebhookKey, source: WebhookSource, shown: int | None) -> Key:
    """Returns the webhook key as a page shows it: in full if its id is `shown` and it can be decrypted."""
    if row.pk != shown or row.is_unreadable:
        return Key(row, source)
    return Key(row, source, request.build_absolute_uri(creation.webhook_path(source.name, row.secret)))


@workspace_view(ADMIN, POST)
@asks_again()
def rotate(request: WorkspaceRequest, integration_id: UUID) -> HttpResponse:
    """Issues a new webhook key for the account, with an audit entry. The old keys work for `overlap` more hours."""
    integration = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return redirect_to(request, "inbox:integrations", error="Choose when the old key expires.")
    hours = int(form.cleaned_data["overlap"])
    key = WebhookKey.rotate(integration, timedelta(hours=hours))
    record(request, "webhook_key.rotated", key, overlap_hours=hours)
    words = f"New key created. The old one expires {OVERLAPS[str(hours)]}."
    return redirect_to(
        request, "inbox:integrations", info=f"{words} Paste the new URL into the provider’s settings."
    )


@workspace_view(ADMIN, POST)
def end_key(request: WorkspaceRequest, key_id: int) -> HttpResponse:
    """Ends a replaced webhook key now, with an audit entry. If the key is the current one, the page says so."""
    key = own_key(request, key_id)
    ended = WebhookKey.objects.filter(pk=key.pk, expires_at__isnull=False).update(expires_at=timezone.now())
    if ended:
        record(request, "webhook_key.ended", key)
        messages.info(request, "The old URL no longer works.")
    else:
        messages.warning(request, "This is the current URL. Create a new key first.")
    return redirect_to(request, "inbox:integrations")


def own_key(request: WorkspaceRequest, key_id: int) -> WebhookKey:
    """Returns the usable webhook key with this id in the request's workspace. Raises Http404 if there is none."""
    return get_object_or_404(WebhookKey.objects.usable(), pk=key_id, integration__workspace=request.workspace)


SLOTS = threading.BoundedSemaphore(3)
"""Limits the threads of a server process that wait for a provider's test, so that the others can serve pages."""
KEY_UNREADABLE = (
    "This URL still works, but its key can’t be read with the current FIELD_ENCRYPTION_KEYS. Rotate it to "
    "get a new one."
)
BUSY = Check("Test", WARN, "Other accounts are being tested right now.", "Try again in a few seconds.")


@never_cache
@workspace_view()
def integrations(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/integrations/`: shows a card for each account."""
    return _page(request)


@never_cache
@workspace_view(ADMIN, POST)
@asks_again()
def show_key(request: WorkspaceRequest, key_id: int) -> HttpResponse:
    """Shows the page with one webhook key in full, and writes an audit entry."""
    key = own_key(request, key_id)
    if key.is_unreadable:
        return redirect_to(request, "inbox:integrations", warning=KEY_UNREADABLE)
    record(request, "webhook_key.shown", key)
    return _page(request, shown=key.pk)


def _page(
    request: WorkspaceRequest, *, shown: int | None = None, tested: dict[uuid.UUID, list[Check]] | None = None
) -> HttpResponse:
    cards = account_cards.of_workspace(request.workspace)
    for card in cards:
        card.checks = (tested or {}).get(card.integration.pk)
        card.keys = keys_of(request, card, shown)
    context = {
        "cards": [card for card in cards if card.connected],
        "others": [card for card in cards if not card.connected],
        "providers": _addable(request),
        "form": RotateForm(),
        "acts": request.membership.at_least(ADMIN),
    }
    return render(request, "integrations/integrations.html", context)


RECEIPT_DAYS = 30
NEWEST = 1_000
"""How many of the newest emails are searched for sender addresses, which the form for signatures suggests."""


@workspace_view()
def receipts(request: WorkspaceRequest, integration_id: UUID) -> HttpResponse:
    """`w/<workspace>/integrations/<account>/receipts/`: shows how the provider's lists of the last 30 days compare with
    the rows stored here.

    For kinds of rows that cannot be compared, it gives the reason.
    """
    account = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    spec, zone = registry.spec_of(account.provider), zoneinfo.ZoneInfo(request.workspace.timezone)
    today = timezone.now().astimezone(zone).date()
    first = today - timedelta(days=RECEIPT_DAYS - 1)
    rows = DayReceipt.objects.filter(integration=account, day__gte=first).order_by("-day", "kind")
    context = {
        "account": account,
        "has_settings": spec.is_connected_here and request.membership.at_least(ADMIN),
        "name": name_of(account),
        "completeness": account_receipts.by_account(request.workspace, first, today).get(account.pk),
        "receipts": [(row, account_receipts.is_complete(row, zone)) for row in rows],
        "reasons": [
            (kind.label, getattr(spec, kind).why) for kind in DayReceipt.Kind if not getattr(spec, kind)
        ],
        "every": duration(spec.poll_every.total_seconds()) if spec.poll_every else "",
    }
    return render(request, "integrations/receipts.html", context)


def _addable(request: WorkspaceRequest) -> list[tuple[str, str]]:
    """Returns the providers that can get one more account. Those without account ids can have only one account."""
    names = {row.provider for row in request.workspace.integrations.all() if row.has_secrets or row.config}
    return [
        (spec.name, spec.label)
        for spec in registry.specs().values()
        if spec.is_connected_here and (spec.account_id or spec.name not in names)
    ]


@workspace_view()
def last_event(request: WorkspaceRequest, integration_id: uuid.UUID) -> HttpResponse:
    """Renders the part of a card with the newest webhook event. The page polls it until the first event arrives."""
    integration = _own(request, integration_id)
    card = account_cards.AccountCard(integration, None, None, True, account_cards.last_delivery(integration))
    return render(
        request,
        "integrations/_last_event.html",
        {"card": card, "acts": request.membership.at_least(ADMIN)},
    )


@workspace_view(ADMIN, POST)
def test(request: WorkspaceRequest, integration_id: uuid.UUID) -> HttpResponse:
    """Tests an account for at most 5 s, and shows the outcome of each check."""
    integration = _own(request, integration_id)
    return _checks(request, integration, check_now(request, integration))


def check_now(request: WorkspaceRequest, integration: Integration) -> list[Check]:
    """Tests an account for at most 5 s, with an audit entry, and returns a line for each check. While this process is
    testing 3 other accounts, returns only a line that says so.
    """
    if not SLOTS.acquire(blocking=False):
        return [BUSY]
    try:
        lines = account_tests.run(integration)
    finally:
        SLOTS.release()
    bad = [line.label for line in lines if line.tone == "bad"]
    record(request, "integration.tested", integration, failed=bad)
    return lines


def _checks(request: WorkspaceRequest, integration: Integration, lines: list[Check]) -> HttpResponse:
    if not request.htmx:
        return _page(request, tested={integration.pk: lines})
    # the account is read again, because the test has changed its health
    card = account_cards.of_account(_own(request, integration.pk))
    card.checks = lines
    return render(request, "integrations/_tested.html", {"card": card})


@workspace_view(ADMIN, FORM)
@asks_again()
def settings(request: WorkspaceRequest, integration_id: uuid.UUID) -> HttpResponse:
    """`…/integrations/<account>/`: edits an account. An account that uses only the installation's key is a 404."""
    integration = _own(request, integration_id)
    if not registry.spec_of(integration.provider).is_connected_here:
        raise Http404("This account has no workspace settings.")
    return _edit(request, integration)


@workspace_view(ADMIN, FORM)
@asks_again()
def connect_account(request: WorkspaceRequest, provider: str) -> HttpResponse:
    """`…/integrations/new/<provider>/`: connects an account, or sets up an existing one without secrets."""
    spec = registry.specs().get(provider)
    if spec is None or not spec.is_connected_here:
        raise Http404("This provider doesn’t exist.")
    rows = Integration.objects.filter(workspace=request.workspace, provider=provider)
    blank = next((row for row in rows.filter(external_account_id="") if not row.has_secrets), None)
    if blank is None and not spec.account_id and (only := rows.first()):
        return redirect_to(request, "inbox:integration-settings", only.pk)
    return _edit(request, blank or Integration(workspace=request.workspace, provider=provider))


def _edit(request: WorkspaceRequest, integration: Integration) -> HttpResponse:
    senders = _senders(integration)
    signing = SignatureForm(integration, request, is_bound=senders is not None)
    if signing.is_valid():
        signing.save(integration, request.user)
        messages.success(request, "Signature saved.")
        return redirect(f"{request.path}#signature")
    posted = request.POST if request.method == "POST" and not signing.is_bound else None
    form = AccountForm(integration, posted)
    if posted is not None and form.is_valid() and (saved := form.save(request.workspace.pk, request.user)):
        messages.success(request, f"Saved. Checking {saved.label} now.")
        return redirect(next_url(request, reverse("inbox:integrations", args=[request.workspace.pk])))
    changed = AuditEntry.objects.filter(
        workspace=request.workspace, object_type="integration", object_id=str(integration.pk)
    ).filter(action__in=["integration.connected", "integration.changed"])
    context = {
        "form": form,
        "signing": signing,
        "signatures": sorted(integration.config.get(SIGNATURES, {}).items()),
        "senders": senders,
        "integration": integration,
        "fresh": not (integration.is_unreadable or usable(integration)),
        "changed": changed.select_related("actor").first(),
    }
    return render(
        request, "integrations/settings.html", context, status=422 if form.errors or signing.errors else 200
    )


def _senders(integration: Integration) -> set[str] | None:
    """Returns the account's sender addresses, as the workspace's newest emails name them; None for a new account, and
    for one that sends no email.
    """
    if registry.spec_of(integration.provider).channel != Channel.EMAIL or integration._state.adding:
        return None
    emails = Message.objects.filter(workspace=integration.workspace_id, channel=Channel.EMAIL)
    newest = with_accounts(emails).only("source", "account_id", "account_address").order_by("-received_at")
    rows = Integration.objects.filter(workspace=integration.workspace_id, provider=integration.provider)
    accounts = list(rows)
    return {
        email.account_address
        for email in newest[:NEWEST]
        if email.account_address
        and email.source != OWN
        and registry.provider_of(email.source) == integration.provider
        and reached_by(email, accounts) == integration
    }


def _own(request: WorkspaceRequest, integration_id: uuid.UUID) -> Integration:
    return get_object_or_404(
        Integration.objects.select_related("health"), pk=integration_id, workspace=request.workspace
    )
