"""The URLs of the API below `/api/v1/` (docs/programs.md)."""

from django.urls import path, re_path

from api import decisions, drafts, endpoints, events, exports, followups, leads, me, messages, numbers, sends
from api.base import NoSuchAddress

urlpatterns = [
    path("me/", me.Me.as_view(), name="api-me"),
    path("leads/", leads.Leads.as_view(), name="api-leads"),
    path("leads/<uuid:lead_id>/", decisions.EditableLead.as_view(), name="api-lead"),
    path("leads/<uuid:lead_id>/timeline/", leads.Timeline.as_view(), name="api-timeline"),
    path("leads/<uuid:lead_id>/tag/", decisions.Tagged.as_view(), name="api-tag"),
    path("leads/<uuid:lead_id>/labels/", decisions.Labelled.as_view(), name="api-labels"),
    path("leads/<uuid:lead_id>/done/", decisions.Done.as_view(), name="api-done"),
    path("leads/<uuid:lead_id>/snooze/", decisions.Snoozed.as_view(), name="api-snooze"),
    path("leads/<uuid:lead_id>/assign/", decisions.Assigned.as_view(), name="api-assign"),
    path("leads/<uuid:lead_id>/opt-out/", decisions.OptedOut.as_view(), name="api-opt-out"),
    path("messages/", messages.Messages.as_view(), name="api-messages"),
    path("messages/<uuid:message_id>/", messages.OneMessage.as_view(), name="api-message"),
    path("messages/<uuid:message_id>/trace/", messages.MessageTrace.as_view(), name="api-trace"),
    path("drafts/", drafts.Drafts.as_view(), name="api-drafts"),
    path("drafts/<uuid:draft_id>/", drafts.OneDraft.as_view(), name="api-draft"),
    path("drafts/<uuid:draft_id>/approve/", drafts.Approve.as_view(), name="api-approve"),
    path("drafts/<uuid:draft_id>/discard/", drafts.Discard.as_view(), name="api-discard"),
    path("sends/", sends.Sends.as_view(), name="api-sends"),
    path("sends/<uuid:send_id>/", sends.OneSend.as_view(), name="api-send"),
    path("sends/<uuid:send_id>/take-back/", sends.TakeBack.as_view(), name="api-take-back"),
    path("followups/", followups.FollowUps.as_view(), name="api-followups"),
    path("followups/<uuid:followup_id>/stop/", followups.Stop.as_view(), name="api-followup-stop"),
    path("accounts/", numbers.Accounts.as_view(), name="api-accounts"),
    path("insights/overview/", numbers.Overview.as_view(), name="api-overview"),
    path("events/", events.Events.as_view(), name="api-events"),
    path("webhook-endpoints/", endpoints.Endpoints.as_view(), name="api-endpoints"),
    path("webhook-endpoints/<uuid:endpoint_id>/", endpoints.OneEndpoint.as_view(), name="api-endpoint"),
    path("webhook-endpoints/<uuid:endpoint_id>/test/", endpoints.Test.as_view(), name="api-endpoint-test"),
    path("webhook-endpoints/<uuid:endpoint_id>/rotate/", endpoints.Rotate.as_view(), name="api-rotate"),
    path("webhook-endpoints/<uuid:endpoint_id>/recover/", endpoints.Recover.as_view(), name="api-recover"),
    path("webhook-endpoints/<uuid:endpoint_id>/attempts/", endpoints.Attempts.as_view(), name="api-attempts"),
    path("exports/leads.csv", exports.LeadsCsv.as_view(), name="api-export"),
    re_path(r"^(?P<rest>.*)$", NoSuchAddress.as_view(), name="api-no-such-address"),
]
