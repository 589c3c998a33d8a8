"""The pages that show what happened to one row, and why something did not arrive. All members can open them."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from inbox.pages.access import ADMIN, WorkspaceRequest, workspace_view
from inbox.trace import asking, search, story
from inbox.trace.events import Event
from inbox.trace.records import NotHere
from inbox.trace.story import Trace

OWN_PAGES = {"job": "inbox:job", "delivery": "inbox:delivery"}
"""The kinds of rows that have a page of their own, which admins may open."""


@workspace_view()
def trace(request: WorkspaceRequest, kind: str, row_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/trace/<kind>/<id>/`: shows the history of one row, such as a message, or its text (`?as=text`)."""
    try:
        record = story.of(request.workspace, kind, row_id)
    except NotHere as error:
        raise Http404(str(error)) from error
    if request.GET.get("as") == "text":
        return HttpResponse(as_text(record), content_type="text/plain; charset=utf-8")
    context = places(request) | {"trace": record, "zone": request.workspace.timezone}
    if record.kind in OWN_PAGES and context["may_open"]:
        context["own"] = reverse(OWN_PAGES[record.kind], args=[request.workspace.pk, record.id])
    return render(request, "trace/trace.html", context)


@workspace_view()
def find(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/trace/?q=…&ask=…`: searches everything received or sent for an address, a phone number or an id.

    `ask` is the id of an account whose provider is searched too.
    """
    text = request.GET.get("q", "").strip()[:320]
    wanted = search.read(request.workspace, text)
    context: dict[str, Any] = {"q": text, "too_short": bool(text) and wanted is None, **places(request)}
    if wanted is not None:
        accounts = asking.accounts(request.workspace)
        context |= {"accounts": accounts, "found": search.find(request.workspace, wanted)}
        account = next((row for row in accounts if str(row.integration.pk) == request.GET.get("ask")), None)
        if account is not None:
            context |= {"answer": asking.ask(request.workspace, account, wanted)}
    return render(request, "trace/find.html", context)


def places(request: WorkspaceRequest) -> dict[str, Any]:
    """Returns the values that the templates need for the links of a trace."""
    return {
        "base": reverse("inbox:find", args=[request.workspace.pk]),
        "may_open": request.membership.at_least(ADMIN),
    }


def as_text(record: Trace) -> str:
    """Returns the trace as plain text. Times are in the active time zone."""
    lines = [record.headline, record.summary, f"{record.kind} {record.id}", ""]
    return "\n".join([*filter(None, lines[:3]), "", *(_line(event) for event in record.events), ""])


def _line(event: Event) -> str:
    at = format_date(timezone.localtime(event.at), "Y-m-d H:i:s T")
    took = f" ({event.took})" if event.took else ""
    why = ": ".join(filter(None, (event.branch, event.why)))
    rows = ", ".join(f"{link.kind} {link.id}" for link in event.links)
    parts = [f"{at}  {event.what}{took}", event.detail, why, f"“{event.said}”" if event.said else "", rows]
    return "\n    ".join(filter(None, parts))
