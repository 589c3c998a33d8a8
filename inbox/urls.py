"""The pages of one workspace, under `w/<uuid:workspace_id>/`. Each view is guarded by `inbox.access.workspace_view`."""

from django.urls import path

from inbox.views import (
    answer,
    conversation,
    deliveries,
    followups,
    health,
    history,
    jobs,
    keys,
    merging,
    threads,
    triage,
)

app_name = "inbox"
urlpatterns = [
    path("inbox/", threads.thread_list, name="list"),
    path("inbox/triage/", triage.decide, name="triage"),
    path("inbox/undo/", triage.undo, name="undo"),
    path("inbox/<uuid:lead_id>/", conversation.conversation, name="conversation"),
    path("inbox/<uuid:lead_id>/history/", history.history, name="history"),
    path("inbox/<uuid:lead_id>/message/", answer.own_message, name="own-message"),
    path("inbox/<uuid:lead_id>/outgoing/<uuid:send_id>/", conversation.outgoing, name="outgoing"),
    path("sends/<uuid:send_id>/", answer.settle_send, name="send"),
    path("drafts/<uuid:draft_id>/", answer.decide_draft, name="draft"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/act/", jobs.act, name="jobs-act"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("followups/", followups.follow_ups, name="followups"),
    path("followups/act/", followups.act, name="followups-act"),
    path("followups/sequences/", followups.sequences, name="sequences"),
    path("followups/sequences/new/", followups.new_sequence, name="sequence-new"),
    path("followups/sequences/<uuid:sequence_id>/", followups.sequence, name="sequence"),
    path("followups/sequences/<uuid:sequence_id>/enrol/", followups.enrol, name="sequence-enrol"),
    path("health/", health.health, name="health"),
    path("health/<uuid:integration_id>/", health.account, name="health-account"),
    path("messages/<uuid:message_id>/original/", conversation.original, name="original"),
    path("deliveries/", deliveries.delivery_list, name="deliveries"),
    path("deliveries/replay/", deliveries.replay_failed, name="deliveries-replay"),
    path("deliveries/progress/", deliveries.replay_progress, name="deliveries-progress"),
    path("deliveries/<uuid:delivery_id>/", deliveries.delivery, name="delivery"),
    path("deliveries/<uuid:delivery_id>/replay/", deliveries.run_again, name="delivery-replay"),
    path("integrations/", keys.integrations, name="integrations"),
    path("integrations/keys/<int:key_id>/", keys.show_key, name="key-show"),
    path("integrations/<uuid:integration_id>/rotate/", keys.rotate, name="key-rotate"),
    path("leads/<uuid:lead_id>/merge/", merging.merge_lead, name="merge"),
]
