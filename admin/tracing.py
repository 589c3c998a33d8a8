"""The admin's trace page: what happened to a row, for users who may see it, without text for outsiders."""

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from admin.base import BaseAdmin
from admin.columns import row_url
from admin.scope import scope_of
from inbox.models import Draft, Lead, Message, OutboundSend, WebhookDelivery, Workspace, audit
from inbox.pages.access import signed_in
from inbox.trace import story
from inbox.trace.records import NotHere
from inbox.trace.story import Trace
from integrations.models import Notice
from jobs.models import BackgroundJob

MODELS: dict[str, type[Model]] = {
    "message": Message,
    "lead": Lead,
    "job": BackgroundJob,
    "delivery": WebhookDelivery,
    "send": OutboundSend,
    "draft": Draft,
    "notice": Notice,
}
"""The model of each kind of row with a trace. Its admin page declares the kind in `trace_kind`."""


def trace(request: HttpRequest, kind: str, row_id: uuid.UUID) -> HttpResponse:
    """`trace/<kind>/<id>/`: what happened to one row. A row that the user may not see is a 404.

    User text is shown to members of the workspace, and for an hour to users who have stated a reason. Each such view is
    recorded in the audit log.
    """
    model = MODELS.get(kind)
    if model is None:
        raise Http404(f"There is no trace of a “{kind}”.")
    model_admin = admin.site.get_model_admin(model)
    assert isinstance(model_admin, BaseAdmin)
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    rows = model_admin.get_queryset(request).filter(pk=row_id)
    workspace = Workspace.objects.filter(pk__in=rows.values("workspace")).first()
    if workspace is None:
        raise Http404("This row doesn’t exist, or belongs to no workspace.")
    try:
        record = story.of(workspace, kind, row_id)
    except NotHere as error:
        raise Http404(str(error)) from error
    scope = scope_of(request)
    if not scope.may_read(workspace.pk):
        record = record.without_words()
    elif not scope.is_member(workspace.pk):
        audit.record(workspace.pk, signed_in(request), "text.read", model(pk=row_id))
    return render(request, "admin/trace.html", _context(request, model, workspace, record))


def _context(request: HttpRequest, model: type[Model], workspace: Workspace, record: Trace) -> dict[str, Any]:
    scope = scope_of(request)
    inside = [workspace.pk, record.kind, record.id]
    return {
        **admin.site.each_context(request),
        "title": record.headline,
        "trace": record,
        "traced": workspace,
        "zone": workspace.timezone,
        "base": f"{reverse('admin:index')}trace/",
        "row_url": row_url(model(pk=record.id)),
        "text_of": None if scope.may_read(workspace.pk) else workspace.pk,
        "may_open_text": scope.may("inbox.open_text"),
        "inside": reverse("inbox:trace", args=inside) if scope.is_member(workspace.pk) else "",
    }
