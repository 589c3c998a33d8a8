"""Merges two leads in the admin, with the same preview and code as the workspace's own page."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path

from admin.base import BaseAdmin
from inbox.leads import merge
from inbox.pages import leads
from inbox.pages.access import signed_in


class MergingAdmin(BaseAdmin):
    """The admin of leads with a page that merges another lead into one."""

    def get_urls(self) -> list[Any]:
        page = path("<uuid:pk>/merge/", self.admin_site.admin_view(self.merge), name="inbox_lead_merge")
        return [page, *super().get_urls()]

    def merge(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """`<lead>/merge/?q=…&other=<lead>`: shows the merge of `other` into this lead. A POST does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        keep = self.get_object(request, str(pk))
        choice = leads.asked_for(request, keep)
        if request.method == "POST" and choice.other is not None:
            try:
                merge.merge(keep, choice.other, signed_in(request))
            except merge.MergeRefused as refusal:
                messages.error(request, str(refusal))
            else:
                messages.info(request, "The two leads are one now.")
                return redirect("admin:inbox_lead_change", pk)
        context = {
            **self.admin_site.each_context(request),
            **leads.context_of(request, choice, reads=self.may_read(request, keep)),
            "opts": self.opts,
            "title": f"Merge another lead into {keep.display_name}",
        }
        return TemplateResponse(request, "admin/inbox/lead/merge.html", context)
