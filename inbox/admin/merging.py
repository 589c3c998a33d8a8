"""Merging two leads in the admin: the preview and the doing of the workspace's own page."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path

from config.modeladmin import BaseAdmin
from inbox.leads import merge
from inbox.views import merging


class MergingAdmin(BaseAdmin):
    """A ModelAdmin of leads with a page that merges another lead into one."""

    def get_urls(self) -> list:
        page = path("<uuid:pk>/merge/", self.admin_site.admin_view(self.merge), name="inbox_lead_merge")
        return [page, *super().get_urls()]

    def merge(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """`<lead>/merge/?q=…&other=<lead>`: the preview of merging `other` into this lead; a POST does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        keep = self.get_object(request, str(pk))
        if keep is None:
            raise Http404("No such lead.")
        asked = merging.asked_for(request, keep)
        if request.method == "POST" and asked.other is not None:
            try:
                merge.merge(keep, asked.other, request.user)
            except merge.MergeRefused as refusal:
                messages.error(request, str(refusal))
            else:
                messages.info(request, "The two leads are one now.")
                return redirect("admin:inbox_lead_change", pk)
        context = {
            **self.admin_site.each_context(request),
            **merging.context_of(request, asked),
            "opts": self.opts,
            "title": f"Merge another lead into {keep.display_name}",
        }
        return TemplateResponse(request, "admin/inbox/lead/merge.html", context)
