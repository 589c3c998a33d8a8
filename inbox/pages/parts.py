"""How a page is asked for a part of itself, without a page load.

A request with the headers `HX-Request: true` and `HX-Target: <id>` is answered by the element with that id, and the
elements that change with it. The address is that of the page. Any other request gets the whole page or a redirect, so
links, forms and the back button work without a script.
"""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from inbox.pages.access import WorkspaceRequest

CONVERSATION, THREADS, COUNTS, TOASTS = "convo", "threads", "folders", "toasts"
TEMPLATES = {
    CONVERSATION: "inbox/part_conversation.html",
    THREADS: "inbox/part_threads.html",
    COUNTS: "partials/folders.html",
    TOASTS: "partials/toasts.html",
}


def part_asked(request: WorkspaceRequest) -> str:
    """The id of the element that the request asks for, a key of TEMPLATES; "" if it asks for anything else."""
    target = request.htmx.target if request.htmx else None
    return target if target in TEMPLATES else ""


def render_part(
    request: WorkspaceRequest, part: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The element `part`, a key of TEMPLATES. Its Vary header keeps a browser from showing it as the whole page."""
    return varied(render(request, TEMPLATES[part], context, status=status))


def varied(response: HttpResponse) -> HttpResponse:
    """Marks `response` as dependent on the part that the request asked for, and returns it."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
