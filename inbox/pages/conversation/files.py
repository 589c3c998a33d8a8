"""The files that came with a message: whether users can open each one here, and the download from the provider."""

import uuid
from urllib.parse import urlsplit

from csp import constants
from csp.decorators import csp
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache

from inbox.models import Message
from inbox.models.message import OWN
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.trace import asking
from inbox.trace.asking import why_not
from integrations import registry
from integrations.attachments import Attachment, read
from integrations.spec import NONE


class FileLine:
    """A file of `message` as the page shows it. Files are numbered from 1.

    If `why` is "", users can open the file here; otherwise `why` says why not. `url`, at `host`, is the address at
    which the user's browser may open the file; "" if there is none.
    """

    def __init__(self, message: Message, number: int, attachment: Attachment) -> None:
        spec = registry.spec_of(registry.provider_of(message.source))
        size = filesizeformat(attachment.size) if attachment.size is not None else ""
        self.number, self.name = number, attachment.file_name
        self.detail = ", ".join(filter(None, (attachment.type, size)))
        self.why = why_not(spec, message.workspace_id, attachment)
        self.url = attachment.url if attachment.url.startswith("https://") else ""
        self.host = urlsplit(self.url).hostname or ""


def file_lines(message: Message) -> list[FileLine]:
    """Returns the files that came with `message`, in the provider's order. Makes no query and no call."""
    attachments = read(message.attachments)
    if not attachments or message.source == OWN:
        return []
    return [FileLine(message, number, attachment) for number, attachment in enumerate(attachments, start=1)]


def untold(message: Message) -> str:
    """Returns where to find the files of a message whose provider does not report files; "" if it reports them."""
    if message.source == OWN or message.direction != Message.Direction.INBOUND:
        return ""
    files = registry.spec_of(registry.provider_of(message.source)).files
    return files.why if isinstance(files, NONE) else ""


FILE_POLICY = {"default-src": [constants.NONE], "sandbox": [True]}


@never_cache
@workspace_view(methods=["GET"])
def file(request: WorkspaceRequest, message_id: uuid.UUID, number: int) -> HttpResponseBase:
    """`w/<workspace>/messages/<message>/files/<number>/`: downloads a file, counted from 1. A failure shows its reason.

    The browser always saves the file instead of showing it.
    """
    messages = Message.objects.select_related("lead").filter(workspace=request.workspace)
    message = get_object_or_404(messages, pk=message_id)
    parts = dict(enumerate(read(message.attachments), start=1))
    if number not in parts:
        raise Http404
    part = parts[number]
    try:
        return csp(FILE_POLICY)(lambda _request: _download(part, asking.fetch_file(message, part)))(request)
    except asking.NotFetched as reason:
        line = FileLine(message, number, part)
        context = {"message": message, "lead": message.lead, "file": line, "why": str(reason)}
        return render(request, "inbox/file.html", context)


def _download(attachment: Attachment, content: asking.Held) -> FileResponse:
    return FileResponse(
        content,  # the response closes the stream
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, attachment.file_name) or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )
