"""The one convention by which a page is asked for a part of itself, without a page load.

A request with the headers `HX-Request: true` and `HX-Target: <id>` is answered by the element with that id alone, and
beside it the elements that change with it. The address is that of the page. Any other request gets the whole page, or
the redirect that it always got, so links, forms and the back button work without a script too.
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
    """The id of the element that the request asks for, a key of TEMPLATES; "" if it asks for a whole page or for
    another element.
    """
    target = request.htmx.target if request.htmx else None
    return target if target in TEMPLATES else ""


def render_part(
    request: WorkspaceRequest, part: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The answer to a request for `part`, a key of TEMPLATES: that element alone. Its Vary header keeps a browser from
    showing it as the page of its address.
    """
    return varied(render(request, TEMPLATES[part], context, status=status))


def varied(response: HttpResponse) -> HttpResponse:
    """Returns `response` itself, with a Vary header that says that it depends on which part the request asked for."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
