"""Opens a file that came with a message: it is fetched from the provider and saved by the browser, never shown here."""

import uuid

from csp.constants import NONE
from csp.decorators import csp
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from inbox.models import Message
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.file_lines import file_line
from inbox.trace import files
from integrations.attachments import Attachment, read

FILE_POLICY = {"default-src": [NONE], "sandbox": [True]}


@require_GET
@never_cache
@workspace_view()
def file(request: WorkspaceRequest, message_id: uuid.UUID, number: int) -> HttpResponseBase:
    """`w/<workspace>/messages/<message>/files/<number>/`: downloads a file that came with a message, counted from 1, or
    says why it cannot be fetched. Whatever it is, the browser is told to save it.
    """
    messages = Message.objects.select_related("lead").filter(workspace=request.workspace)
    message = get_object_or_404(messages, pk=message_id)
    parts = dict(enumerate(read(message.attachments), start=1))
    if number not in parts:
        raise Http404
    part = parts[number]
    try:
        return csp(FILE_POLICY)(lambda _request: _download(part, files.fetch(message, part)))(request)
    except files.NotFetched as reason:
        line = file_line(message, number, part)
        context = {"message": message, "lead": message.lead, "file": line, "why": str(reason)}
        return render(request, "inbox/file.html", context)


def _download(attachment: Attachment, content: files.Held) -> FileResponse:
    return FileResponse(
        content,  # the response closes it
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, attachment.file_name) or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )
