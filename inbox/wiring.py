"""What the rooms of the inbox do for each other without knowing each other: a line each, and all of them here.

InboxConfig calls `connect` at start. Kinds of job and ticks stand in `inbox/jobs.py`. `inbox/system_checks.py` says
what must be here and why: where a line is missing, nothing starts.
"""

from inbox import audit, buttons, retention, signals
from inbox.enrichment import clay
from inbox.followups import groups, receivers, steps
from inbox.health import recovery
from inbox.models import OutboundSend
from inbox.pipeline import enriching, notices
from inbox.replying import autosend, cards, claims, review
from inbox.webhooks import stored
from integrations import health
from jobs import actions
from jobs.retention import prunes


def connect() -> None:
    """Register everything. Doing it again changes nothing."""
    _receivers()
    _vetoes()
    _buttons()
    _retention()


def _receivers() -> None:
    signals.lead_replied.connect(receivers.pause_for_reply)
    signals.lead_tagged.connect(receivers.note_response)
    signals.lead_stopped.connect(receivers.stop)
    signals.lead_booked.connect(receivers.booked)
    signals.lead_booked.connect(notices.on_booked)
    signals.lead_enriched.connect(enriching.on_enriched)
    signals.lead_enriched.connect(clay.on_answer)
    signals.draft_changed.connect(cards.follow)
    health.changed.connect(recovery.on_change)
    health.changed.connect(groups.on_change)
    actions.acted.connect(audit.record_jobs)


def _vetoes() -> None:
    claims.VETOES[OutboundSend.Origin.DRAFT] = autosend.veto
    claims.VETOES[OutboundSend.Origin.FOLLOWUP] = steps.veto
    claims.VETOES[OutboundSend.Origin.PERSON] = review.veto


def _buttons() -> None:
    buttons.register(cards.APPROVE, cards.approve_pressed)
    buttons.register(cards.REGENERATE, cards.regenerate_pressed)


def _retention() -> None:
    prunes("delivery secrets")(stored.clean_all)
    prunes("delivery bodies", promised=True)(retention.empty_bodies)
    prunes("deliveries")(retention.old_rows)
    prunes("model calls")(retention.old_model_calls)
    prunes("log-ins")(retention.old_log_ins)
    prunes("sessions")(retention.ended_sessions)
    prunes("invitations")(retention.old_invitations)
