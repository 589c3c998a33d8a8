"""The page on which admins see where each kind of notice is sent, and can send a test notice of each kind."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render

from inbox.health import notice_trial
from inbox.leads.tags import SAID
from inbox.models import Workspace
from inbox.pages.access import ADMIN, POST, WorkspaceRequest, workspace_view
from inbox.pages.forms import first_error, record, redirect_to, refusals_shown
from inbox.workspaces.accounts import connected
from integrations import slack
from integrations.models import Notice


class NoticeForm(forms.Form):
    """Chooses the tags of replies that are reported in Slack."""

    tags = forms.MultipleChoiceField(
        choices=[(tag, str(tag)) for tag in SAID],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s isn’t a tag. Choose one from the list."},
    )


@workspace_view(ADMIN)
def notice_ways(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/notices/`: shows where each kind of notice is sent, and the result of the last test."""
    trials = notice_trial.last_trials(request.workspace)
    ways = [
        (about, notice_trial.way(request.workspace, about), trials.get(key))
        for key, about in notice_trial.KINDS.items()
    ]
    context = {
        "ways": ways,
        "waits": any(trial.state == Notice.State.CLAIMED for trial in trials.values()),
        "slack": connected(request.workspace.pk, slack.NAME),
        "notice_form": NoticeForm(initial={"tags": request.workspace.notice_tags}),
    }
    return render(request, "workspace/notices.html", context)


@workspace_view(ADMIN, POST)
def try_way(request: WorkspaceRequest, kind: str) -> HttpResponse:
    """`w/<workspace>/settings/notices/<kind>/try/`: sends a test notice of this kind. An unknown kind is a 404."""
    about = notice_trial.KINDS.get(kind)
    if about is None:
        raise Http404("This kind of notification doesn’t exist.")
    with refusals_shown(request, notice_trial.NoWay):
        notice_trial.start(request.workspace, request.user, about)
        messages.info(request, "Your test notification is on its way.")
    return redirect_to(request, "inbox:notices")


@workspace_view(ADMIN, POST)
def told_of(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/rules/notices/`: stores the `tags` of replies that are reported in the Slack channel."""
    form = NoticeForm(request.POST)
    if not form.is_valid():
        return redirect_to(request, "inbox:notices", error=first_error(form))
    tags = form.cleaned_data["tags"]
    Workspace.objects.filter(pk=request.workspace.pk).update(notice_tags=tags)
    changes = {"notice_tags": [request.workspace.notice_tags, tags]}
    record(request, "notices.change", request.workspace, changes=changes)
    words = f"Slack notifications: {', '.join(tags)}." if tags else "Slack notifications are off."
    return redirect_to(request, "inbox:notices", success=words)
