"""The pages that apply a person's decision to other replies in the same words."""

import uuid
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.conversation.reply_tags import find_reply
from inbox.pipeline.alike import MOST, SHOWN, Alike, NotAlike


class AlikeForm(forms.Form):
    """Applies the decision with the id `decision` to the replies counted at `until`; a later time than now counts as
    now.
    """

    decision = forms.UUIDField()
    until = forms.DateTimeField()

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        return min(until, timezone.now())


@workspace_view()
def alike(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/alike/`: applies a decision about this reply to replies with the same words.

    A GET shows the changes. A POST enqueues the job for the replies that had arrived by `until`, when the page showed
    them.
    """
    message = find_reply(request, message_id)
    group = Alike.to(message)
    if request.method == "POST":
        _start(request, group)
        return redirect("inbox:alike", request.workspace.pk, message.pk)
    now = timezone.now()
    context = {
        "message": message,
        "lead": message.lead,
        "alike": group,
        "count": group.replies(now).count() if group else 0,
        "changes": list(group.changes(now)) if group else [],
        "until": now.isoformat(),
        "shown": SHOWN,
        "most": MOST,
        "job": group.job if group else None,
    }
    return render(request, "understanding/alike.html", context)


def _start(request: WorkspaceRequest, group: Alike | None) -> None:
    form = AlikeForm(request.POST)
    if group is None:
        messages.error(request, "Nobody has decided about this reply: correct its tag first.")
    elif not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        messages.error(request, f"{name}: {errors[0]} Open this page anew.")
    elif group.decision.pk != form.cleaned_data["decision"]:
        messages.error(
            request, "Somebody has decided about this reply since. Look again at what would change."
        )
    else:
        try:
            count = group.start(form.cleaned_data["until"], request.user)
        except NotAlike as nothing:
            messages.info(request, str(nothing))
        else:
            messages.success(request, f"Treating {min(count, MOST)} alike.")


@require_safe
@workspace_view()
def progress(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """The part of the page that shows how far the job is."""
    message = find_reply(request, message_id)
    group = Alike.to(message)
    return render(
        request,
        "understanding/_alike_progress.html",
        {"message": message, "job": group.job if group else None},
    )
