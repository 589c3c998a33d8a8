"""Connects parts of the inbox that must not import each other: receivers, vetoes, buttons, retention rules.

InboxConfig calls `connect` at start. `inbox/system_checks.py` states the reason for each line. If a line has no reason
there, no process starts.
"""

from django.contrib.auth import signals as auth_signals

from inbox import signals
from inbox.followups import groups, receivers, step_job
from inbox.health import comeback, notice_channels
from inbox.intake import retention
from inbox.leads import enrichment
from inbox.models import OutboundSend, audit
from inbox.pipeline import merged, missing_facts, tag_notices
from inbox.replying import autosend, buttons, review, send_claims, slack_cards, undo
from inbox.workspaces import identity
from integrations.health import writer
from integrations.http import call_reports
from jobs import actions
from jobs.retention import prunes


def connect() -> None:
    """Connects receivers, vetoes, buttons and retention rules. Calling it again changes nothing."""
    _receivers()
    send_claims.VETOES[OutboundSend.Origin.DRAFT] = autosend.veto
    send_claims.VETOES[OutboundSend.Origin.FOLLOWUP] = step_job.veto
    send_claims.VETOES[OutboundSend.Origin.PERSON] = review.veto
    send_claims.VETOES[OutboundSend.Origin.PROGRAM] = review.veto
    buttons.register(slack_cards.APPROVE, slack_cards.approve_pressed)
    buttons.register(slack_cards.REGENERATE, slack_cards.regenerate_pressed)
    buttons.register(notice_channels.MUTE, notice_channels.mute_pressed, on_notice=True)
    _retention()


def _receivers() -> None:
    signals.lead_replied.connect(receivers.pause_for_reply)
    signals.lead_replied.connect(undo.on_reply)
    signals.lead_tagged.connect(receivers.note_response)
    signals.lead_stopped.connect(receivers.stop)
    signals.lead_booked.connect(receivers.booked)
    signals.lead_booked.connect(tag_notices.on_booked)
    signals.lead_labelled.connect(tag_notices.on_labelled)
    signals.lead_merged.connect(merged.on_merged)
    signals.lead_enriched.connect(missing_facts.on_enriched)
    signals.lead_enriched.connect(enrichment.on_answer)
    signals.draft_changed.connect(slack_cards.follow)
    call_reports.finished.connect(writer.observe)
    writer.changed.connect(comeback.on_change)
    writer.changed.connect(groups.on_change)
    actions.acted.connect(audit.record_jobs)
    auth_signals.user_logged_in.connect(identity.begin)


def _retention() -> None:
    prunes("delivery bodies", promised=True)(retention.empty_bodies)
    prunes("messages", promised=True)(retention.old_messages)
    prunes("notes", promised=True)(retention.old_notes)
    prunes("deliveries")(retention.old_rows)
    prunes("deviations")(retention.old_deviations)
    prunes("changes of leads")(retention.old_changes)
    prunes("idempotency keys")(retention.old_idempotency_keys)
    prunes("receipts")(retention.old_receipts)
    prunes("model calls")(retention.old_model_calls)
    prunes("logins")(retention.old_log_ins)
    prunes("sessions")(retention.ended_sessions)
    prunes("invitations")(retention.old_invitations)
    prunes("events")(retention.old_events)
