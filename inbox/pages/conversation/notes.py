"""Stores notes beside a conversation, which only colleagues see."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox.leads import notes
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.conversation.conversation import find_lead, render_conversation
from inbox.pages.forms import PostedText
from inbox.pages.team import team_of

TEXT_LIMIT = 20_000


class NoteForm(forms.Form):
    text = PostedText(
        max_length=TEXT_LIMIT,
        error_messages={
            "required": "Write the note first.",
            "max_length": f"The note is too long: at most {TEXT_LIMIT:,} characters.",
        },
    )


@require_POST
@workspace_view()
def write(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/<lead>/note/`: stores `text` as a note, and calls the members whom it names with @. An
    unknown name becomes a warning. An empty or too long text is refused with 422.
    """
    lead, form = find_lead(request, lead_id), NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["text"][0]))
        return render_conversation(request, lead, status=422)
    note = notes.write(lead, request.membership, form.cleaned_data["text"], team_of(request).callable)
    for word in note.unknown:
        messages.warning(request, f"Nobody is called “@{word}” here, so nobody was told by it.")
    url = reverse("inbox:conversation", args=[request.workspace.pk, lead.pk])
    return HttpResponseRedirect(f"{url}?{request.GET.urlencode()}#latest")
