"""The page from which a person passes a message on to a colleague, by their own mail program or as a text."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from inbox.models import Membership, Message
from inbox.pages import forwarding
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.file_lines import file_lines


@require_safe
@workspace_view()
def forward(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/forward/`: shows a message as a text to pass on, with links that open it in the
    person's own mail program, to a colleague or to nobody yet. Nothing is sent from here.
    """
    messages = Message.objects.select_related("lead").filter(workspace=request.workspace)
    message = get_object_or_404(messages, pk=message_id)
    lead, workspace = message.lead, request.workspace
    page = reverse("inbox:conversation", args=[workspace.pk, lead.pk])
    files = [
        (row.name, reverse("inbox:file", args=[workspace.pk, message.pk, row.number]))
        for row in file_lines(message)
    ]
    text = forwarding.text_of(
        message,
        lead,
        request.build_absolute_uri(f"{page}#message-{message.pk}"),
        [(name, request.build_absolute_uri(path)) for name, path in files],
    )
    subject = forwarding.subject_of(message, lead)
    members = Membership.objects.filter(workspace=workspace, user__is_active=True).select_related("user")
    mates = members.exclude(user=signed_in(request)).order_by("user__first_name", "user__email")
    link, cut = forwarding.mail_link("", subject, text)
    context = {
        "message": message,
        "lead": lead,
        "text": text,
        "link": link,
        "cut": cut,
        "colleagues": [(row.user, forwarding.mail_link(row.user.email, subject, text)[0]) for row in mates],
    }
    return render(request, "inbox/forward.html", context)
