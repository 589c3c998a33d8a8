"""Prepares a message for forwarding, as a text and as links that open the user's mail program. Sends nothing."""

import uuid
from collections.abc import Iterable
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from inbox.models import Lead, Membership, Message
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.conversation.files import file_lines
from inbox.pages.conversation.timeline import Entry

LONGEST_LINK = 1_900
"""The maximum number of characters of a `mailto:` link. Some systems cut links at 2,048 characters."""
SUBJECT_LIMIT = 150


def text_of(message: Message, lead: Lead, conversation_url: str, files: Iterable[tuple[str, str]]) -> str:
    """Returns the text that forwards a message: links, the message's author and time, and its words.

    The links lead to the conversation and to its `files` (name and URL). They come first, because a mail program may
    receive only the beginning of the text.
    """
    entry = Entry(message.sent_at, message=message)
    who = entry.author or lead.display_name
    address = message.from_address if message.from_address and message.from_address != who else ""
    sent_at = timezone.localtime(message.sent_at)
    lines = [
        f"The conversation (for members of the workspace): {conversation_url}",
        *(f"{name}: {url}" for name, url in files),
        "",
        "---------- Forwarded message ----------",
        f"From: {who} <{address}>" if address else f"From: {who}",
        f"Date: {date_format(sent_at, 'j F Y, H:i')} {sent_at.tzname()}",
        *([f"Subject: {message.subject}"] if message.subject else []),
        "",
        entry.text or entry.quoted,
    ]
    return "\n".join(lines)


def mail_link(address: str, subject: str, text: str) -> tuple[str, bool]:
    """Returns a `mailto:` link to `address`, and whether the link has only the beginning of `text`.

    If `address` is "", the link names no recipient.
    """
    head = f"mailto:{quote(address, safe='@')}?subject={quote(subject, safe='')}&body="
    room = LONGEST_LINK - len(head)
    excerpt = text[:room]
    while len(body := quote(excerpt.replace("\n", "\r\n"), safe="")) > room:
        excerpt = excerpt[: len(excerpt) * room // len(body)]
    return head + body, excerpt != text


@workspace_view()
def forward(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/forward/`: shows the text, and mail links for colleagues and others."""
    messages = Message.objects.select_related("lead").filter(workspace=request.workspace)
    message = get_object_or_404(messages, pk=message_id)
    lead, workspace = message.lead, request.workspace
    page = reverse("inbox:conversation", args=[workspace.pk, lead.pk])
    files = [
        (row.name, reverse("inbox:file", args=[workspace.pk, message.pk, row.number]))
        for row in file_lines(message)
    ]
    text = text_of(
        message,
        lead,
        request.build_absolute_uri(f"{page}#message-{message.pk}"),
        [(name, request.build_absolute_uri(path)) for name, path in files],
    )
    subject = f"Fwd: {' '.join(message.subject.split()) or lead.display_name}"[:SUBJECT_LIMIT]
    members = Membership.objects.filter(workspace=workspace, user__is_active=True).select_related("user")
    mates = members.exclude(user=signed_in(request)).order_by("user__first_name", "user__email")
    link, cut = mail_link("", subject, text)
    context = {
        "message": message,
        "lead": lead,
        "text": text,
        "link": link,
        "cut": cut,
        "colleagues": [(row.user, mail_link(row.user.email, subject, text)[0]) for row in mates],
    }
    return render(request, "inbox/forward.html", context)
