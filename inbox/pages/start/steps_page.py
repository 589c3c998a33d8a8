"""The page of the first steps: what is left to do in a new workspace. Admins can test each step there."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from inbox.health import notice_trial
from inbox.health.account_cards import Key
from inbox.models import Workspace
from inbox.pages.access import ADMIN, MEMBER, POST, WorkspaceRequest, asks_again, next_url, workspace_view
from inbox.pages.forms import record, redirect_to, refusals_shown
from inbox.pages.settings.integrations import KEY_UNREADABLE, check_now, key_of, own_key
from inbox.pages.start import first_steps
from inbox.pages.start.first_steps import FirstSteps
from inbox.webhooks import samples
from integrations import registry
from integrations.models import Integration, WebhookKey
from integrations.openai.client import workspace_account

TO_NEXT = "#next"


@never_cache
@workspace_view()
def start(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/start/`: shows the first steps. Only admins can act on them."""
    return _page(request)


@never_cache
@workspace_view()
def live(request: WorkspaceRequest) -> HttpResponse:
    """Renders only the steps, which the page polls. Responds with 204 if their key is still `key`."""
    steps = FirstSteps(request.workspace)
    if request.GET.get("key") == steps.key:
        return HttpResponse(status=204)
    return render(request, "start/_steps.html", context_of(request, steps))


def _page(request: WorkspaceRequest, shown: int | None = None) -> HttpResponse:
    """Renders the page. Once all steps are done and an admin opens the page, it disappears from the menu."""
    steps = FirstSteps(request.workspace)
    if steps.all_done and request.membership.at_least(ADMIN):
        first_steps.finish(request.workspace)
    return render(request, "start/start.html", context_of(request, steps, shown))


def is_setting_up(request: WorkspaceRequest) -> bool:
    """Whether the user is an admin and the workspace's first steps are neither finished nor hidden."""
    return request.membership.at_least(ADMIN) and request.workspace.set_up_at is None


def context_of(request: WorkspaceRequest, steps: FirstSteps, shown: int | None = None) -> dict[str, object]:
    acts = request.membership.at_least(ADMIN)
    return {
        "first": steps,
        "acts": acts,
        "addresses": [_address(request, *address, shown) for address in steps.addresses] if acts else [],
    }


def _address(
    request: WorkspaceRequest, account: Integration, key: WebhookKey, shown: int | None
) -> tuple[Integration, Key]:
    source = registry.address_of(account.provider)
    assert source is not None  # only accounts with a webhook URL are listed
    return account, key_of(request, key, source, shown)


@never_cache
@workspace_view(ADMIN, POST)
@asks_again()
def show_address(request: WorkspaceRequest, key_id: int) -> HttpResponse:
    """Shows the page with one webhook URL in full, and writes an audit entry."""
    key = own_key(request, key_id)
    if key.is_unreadable:
        return _back(request, warning=KEY_UNREADABLE)
    record(request, "webhook_key.shown", key)
    return _page(request, shown=key.pk)


@workspace_view(ADMIN, POST)
def test_event(request: WorkspaceRequest, integration_id: uuid.UUID) -> HttpResponse:
    """Sends a test event to an account's webhook URL, and opens the sample conversation that the event creates."""
    account = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    with refusals_shown(request, samples.NoSample):
        lead = samples.send(account, request.user)
        words = f"The {account.label} webhook accepted the test event. Here’s the result."
        return redirect_to(request, "inbox:conversation", lead.pk, success=words)
    return _back(request)


@workspace_view(MEMBER, POST)
def remove_samples(request: WorkspaceRequest) -> HttpResponse:
    count = samples.remove(request.workspace, request.user)
    messages.info(request, "The sample has been removed." if count else "The sample was already removed.")
    return redirect(next_url(request, first_steps.url(request.workspace) + TO_NEXT))


@workspace_view(ADMIN, POST)
def test_model(request: WorkspaceRequest) -> HttpResponse:
    """Checks for at most 5 s whether the model's provider accepts the installation's key."""
    account = workspace_account(request.workspace.pk)
    if account is None:
        return _back(request, error="That didn’t work. Try again in a moment.")
    for line in check_now(request, account):
        if line.tone in ("bad", "warn"):
            return _back(request, error=f"{line.said} {line.fix}".strip())
    return _back(request, success="OpenAI accepted the key.")


@workspace_view(ADMIN, POST)
def try_notice(request: WorkspaceRequest) -> HttpResponse:
    """Sends a test notice, on the path that notices about broken accounts take first."""
    with refusals_shown(request, notice_trial.NoWay):
        notice_trial.start(request.workspace, request.user)
        messages.info(request, "Your test notification is on its way.")
    return _back(request)


@workspace_view(ADMIN, POST)
def hide(request: WorkspaceRequest) -> HttpResponse:
    """Hides the first steps for everyone in the workspace, or shows them again, as `do` ("hide" or "show") says."""
    if request.POST.get("do") == "show":
        Workspace.objects.filter(pk=request.workspace.pk).update(set_up_at=None)
        record(request, "first_steps.shown", request.workspace)
        return _back(request)
    if first_steps.finish(request.workspace):
        record(request, "first_steps.hidden", request.workspace)
    return redirect_to(request, "inbox:list", info="First steps are hidden. You’ll find them under Settings.")


def _back(request: WorkspaceRequest, **words: str) -> HttpResponse:
    response = redirect_to(request, "inbox:start", **words)
    response["Location"] += TO_NEXT
    return response
