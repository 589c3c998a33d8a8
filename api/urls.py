"""The addresses of the API below `/api/v1/` (docs/programs.md)."""

from django.urls import path, re_path

from api import drafts, leads, me, messages, numbers, sends
from api.base import NoSuchAddress

urlpatterns = [
    path("me/", me.Me.as_view(), name="api-me"),
    path("leads/", leads.Leads.as_view(), name="api-leads"),
    path("leads/<uuid:lead_id>/", leads.OneLead.as_view(), name="api-lead"),
    path("leads/<uuid:lead_id>/timeline/", leads.Timeline.as_view(), name="api-timeline"),
    path("messages/", messages.Messages.as_view(), name="api-messages"),
    path("messages/<uuid:message_id>/", messages.OneMessage.as_view(), name="api-message"),
    path("messages/<uuid:message_id>/trace/", messages.MessageTrace.as_view(), name="api-trace"),
    path("drafts/", drafts.Drafts.as_view(), name="api-drafts"),
    path("drafts/<uuid:draft_id>/", drafts.OneDraft.as_view(), name="api-draft"),
    path("sends/<uuid:send_id>/", sends.OneSend.as_view(), name="api-send"),
    path("accounts/", numbers.Accounts.as_view(), name="api-accounts"),
    path("insights/overview/", numbers.Overview.as_view(), name="api-overview"),
    re_path(r"^(?P<rest>.*)$", NoSuchAddress.as_view(), name="api-no-such-address"),
]
