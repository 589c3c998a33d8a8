"""Responds to a script that requests one part of a page instead of the whole page.

A request with the headers `HX-Request: true` and `HX-Target: <id>` goes to the page's own URL. The response contains
the element with that id, and other elements that change with it. A request that names no part gets the whole page or a
redirect, so links, forms and the back button work without scripts.
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
    COUNTS: "partials/part_folders.html",
    TOASTS: "partials/toasts.html",
}


def part_asked(request: WorkspaceRequest) -> str:
    """Returns the id of the requested element, a key of TEMPLATES; "" if the request is not for such a part."""
    target = request.htmx.target if request.htmx else None
    return target if target in TEMPLATES else ""


def render_part(
    request: WorkspaceRequest, part: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Renders the element `part`, a key of TEMPLATES. The header Vary keeps caches from serving it as the page."""
    return varied(render(request, TEMPLATES[part], context, status=status))


def varied(response: HttpResponse) -> HttpResponse:
    """Sets the header Vary of `response` to the headers that request a part, and returns the response."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
