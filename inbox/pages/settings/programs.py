"""The page "Programs": the API tokens of a workspace's programs, and the endpoints to which its events are sent."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from inbox.events import endpoints
from inbox.models import AuditEntry
from inbox.models.event import EVERY, EventType
from inbox.pages.access import ADMIN, FORM, POST, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.forms import form_page, redirect_to, refusals_shown
from inbox.workspaces.programs import create_token, revoke_token
from integrations.models import ApiToken, Scope, WebhookEndpoint
from integrations.models.program import networks

DAYS = {"90": "90 days", "30": "30 days", "365": "1 year", "0": "Never"}
GROUPS = {
    "Leads": ("leads:read", "leads:write"),
    "Conversations": ("messages:read", "drafts:read", "drafts:decide", "followups:write"),
    "Sending": ("sends:read", "sends:write"),
    "Everything else": ("events:read", "webhooks:write", "insights:read", "health:read", "export:read"),
}
"""The scopes of a token, in the groups in which the form shows them."""
TYPES = [
    (EVERY, "All events"),
    *((kind.value, kind.label) for kind in EventType if kind is not EventType.ENDPOINT_TEST),
]
SHOWN = 20
"""How many of an endpoint's newest attempts the page shows."""


class TokenForm(forms.Form):
    """Creates an API token. `sources` are IP addresses and networks, separated by commas or spaces."""

    name = forms.CharField(
        max_length=60, help_text="For example, the program that will use it. The audit log shows this name."
    )
    days = forms.ChoiceField(choices=DAYS, initial="90", label="Expires after")
    sources = forms.CharField(
        max_length=500,
        required=False,
        label="Only from these addresses (optional)",
        widget=forms.TextInput(attrs={"placeholder": "203.0.113.0/24"}),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, error_messages={"required": "Choose what the token can do."}
    )

    def clean_sources(self) -> list[str]:
        return networks(re.findall(r"[^\s,]+", self.cleaned_data["sources"]))

    def groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Returns the scopes by group: the name of each, its label, and whether it is ticked."""
        ticked = self["scopes"].value() or ()
        return [
            (group, [(name, Scope(name).label, name in ticked) for name in names])
            for group, names in GROUPS.items()
        ]


class EndpointForm(forms.Form):
    url = forms.CharField(max_length=500, label="Address", widget=forms.URLInput)
    events = forms.MultipleChoiceField(
        choices=TYPES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event type."},
    )
    include_text = forms.BooleanField(
        required=False,
        label="Include message text",
        help_text="Adds names, addresses and messages. Otherwise, events only include IDs and links.",
    )

    def clean_url(self) -> str:
        endpoints.validate_url(self.cleaned_data["url"])
        return str(self.cleaned_data["url"])

    def clean_events(self) -> list[str]:
        chosen = self.cleaned_data["events"]
        return [EVERY] if EVERY in chosen else chosen


@never_cache
@workspace_view(ADMIN)
def programs(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/programs/`: lists tokens and endpoints."""
    return _page(request)


@never_cache
@workspace_view(ADMIN, POST)
@asks_again()
def make_token(request: WorkspaceRequest) -> HttpResponse:
    """Creates an API token and shows its text, which cannot be shown again."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    chosen = form.cleaned_data
    token, text = create_token(
        request.workspace,
        chosen["name"],
        chosen["scopes"],
        by=request.user,
        days=int(chosen["days"]) or None,
        sources=chosen["sources"],
    )
    return _page(request, once={"title": f"“{token.name}” is ready. Copy the token now.", "text": text})


@workspace_view(ADMIN, POST)
@asks_again()
def revoke(request: WorkspaceRequest, token_id: UUID) -> HttpResponse:
    """Revokes an API token: calls with it are refused from now on."""
    token = get_object_or_404(ApiToken, pk=token_id, workspace=request.workspace)
    if revoke_token(token, by=request.user):
        messages.success(request, f"“{token.name}” has been revoked. Calls with it are now refused.")
    return redirect_to(request, "inbox:programs")


def _page(
    request: WorkspaceRequest, form: TokenForm | None = None, once: dict[str, str] | None = None
) -> HttpResponse:
    tokens = list(ApiToken.objects.filter(workspace=request.workspace, revoked_at=None))
    entries = AuditEntry.objects.filter(workspace=request.workspace, action="token.created")
    names = {str(token.pk) for token in tokens}
    makers = {
        entry.object_id: entry.actor for entry in entries.filter(object_id__in=names).select_related("actor")
    }
    waiting = Count("attempts", filter=Q(attempts__finished_at=None))
    rows = WebhookEndpoint.objects.filter(workspace=request.workspace).annotate(waiting=waiting)
    context = {
        "tokens": [(token, makers.get(str(token.pk))) for token in tokens],
        "endpoints": [(row, row.attempts.select_related("event").order_by("-pk")[:SHOWN]) for row in rows],
        "form": form or TokenForm(),
        "once": once,
        "off_after": endpoints.OFF_AFTER,
    }
    return render(request, "integrations/programs.html", context, status=422 if form else 200)


@never_cache
@workspace_view(ADMIN, FORM)
@asks_again()
def new_endpoint(request: WorkspaceRequest) -> HttpResponse:
    """`…/programs/endpoints/new/`: adds an endpoint and shows its secret, which cannot be shown again."""
    form = EndpointForm(request.POST or None, initial={"events": [EVERY]})
    if form.is_valid():
        try:
            endpoint = endpoints.create(request.workspace, request.user, **form.cleaned_data)
        except endpoints.EndpointRefused as refusal:
            form.add_error("url", str(refusal))
        else:
            return _page(request, once=_secret(endpoint, str(endpoint.secret)))
    return form_page(request, "integrations/endpoint.html", form, endpoint=None)


@workspace_view(ADMIN, FORM)
@asks_again()
def endpoint(request: WorkspaceRequest, endpoint_id: UUID) -> HttpResponse:
    """`…/programs/endpoints/<endpoint>/`: changes an endpoint, or deletes it with `do`=delete."""
    row = _find(request, endpoint_id)
    if request.POST.get("do") == "delete":
        endpoints.delete(row, request.user)
        return redirect_to(request, "inbox:programs", success=f"Deleted: {row.url}")
    values = {"url": row.url, "events": row.events, "include_text": row.include_text}
    form = EndpointForm(request.POST or None, initial=values)
    if form.is_valid():
        for name, chosen in form.cleaned_data.items():
            setattr(row, name, chosen)
        endpoints.change(row, request.user)
        return redirect_to(request, "inbox:programs", success=f"Saved: {row.url}")
    return form_page(request, "integrations/endpoint.html", form, endpoint=row)


def _secret(row: WebhookEndpoint, text: str) -> dict[str, str]:
    return {"title": f"Copy the secret for {row.url} now.", "text": text}


@never_cache
@workspace_view(ADMIN, POST)
@asks_again()
def rotate(request: WorkspaceRequest, endpoint_id: UUID) -> HttpResponse:
    """Gives an endpoint a new secret and shows it. The secret cannot be shown again."""
    row = _find(request, endpoint_id)
    return _page(request, once=_secret(row, endpoints.rotate(row, request.user)))


@workspace_view(ADMIN, POST)
def endpoint_act(request: WorkspaceRequest, endpoint_id: UUID) -> HttpResponse:
    """Sends an endpoint a test event, its missed events, or one event again, as `do` says."""
    row, act = _find(request, endpoint_id), request.POST.get("do")
    with refusals_shown(request, ValueError):
        if act == "test":
            endpoints.test(row, request.user)
            messages.info(request, "A test event is on its way. You’ll see the result under “Last attempts”.")
        elif act == "recover":
            count = endpoints.recover(row, request.user)
            messages.info(request, f"{count} event{'' if count == 1 else 's'} being sent.")
        else:
            endpoints.resend(row, request.user, UUID(request.POST.get("event", "")))
            messages.info(request, "The event is being sent again.")
    return redirect_to(request, "inbox:programs")


def _find(request: WorkspaceRequest, endpoint_id: UUID) -> Any:
    return get_object_or_404(WebhookEndpoint, pk=endpoint_id, workspace=request.workspace)
