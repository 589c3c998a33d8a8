"""Builds a trace: its events in order, how it ended, and where the time went."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from inbox.models import AuditEntry, Draft, Lead, Message, OutboundSend, WebhookDelivery, Workspace
from inbox.trace import answer, arrival, records, work
from inbox.trace.decisions import OF_A_TRACE
from inbox.trace.events import Event, Link, link_to, provider_label, sender_of
from inbox.trace.records import Records
from integrations.models import Notice
from jobs.durations import duration
from jobs.models import BackgroundJob, JobAttempt, JobStep

State, Verdict, Job = OutboundSend.State, WebhookDelivery.Verdict, BackgroundJob.Status


class Ending(NamedTuple):
    """How a trace ended: a headline, a state as a chip (`tone`, `icon`, `word`), and a sentence."""

    headline: str
    tone: str
    icon: str
    word: str
    summary: str = ""


BOUNCED = Ending(
    "The email bounced", "bad", "fail", "Bounced", "The address doesn’t work, so no more emails go to it."
)
ENDS_OF_SEND = {
    State.FAILED: Ending("The answer didn’t go out", "bad", "fail", "Failed to send"),
    State.TAKEN_BACK: Ending("The answer was taken back", "", "off", "Taken back"),
    State.LATER: Ending("The answer goes out later", "info", "clock", "Going out later"),
    State.INTENT: Ending("The answer is on its way", "info", "send", "Going out"),
}


@dataclass(frozen=True)
class Part:
    """A part of the time that an answer took, for the bar above a trace. `x` and `width` are in thousandths."""

    who: str
    tone: str
    icon: str
    seconds: float
    x: int
    width: int

    @property
    def words(self) -> str:
        return duration(self.seconds)


@dataclass(frozen=True)
class Trace:
    """The trace of one row: its events, oldest first. `tone`, `icon` and `word` are its state as a chip. `links` lead
    to the rows of the events.

    `cut`: whether rows are left out. `earlier`: whether older messages of the lead are left out.
    """

    kind: str
    id: uuid.UUID
    headline: str
    tone: str
    icon: str
    word: str
    summary: str
    events: list[Event]
    links: list[Link]
    parts: list[Part]
    lead: Lead | None
    message: Message | None
    earlier: bool
    cut: bool

    def without_words(self) -> "Trace":
        """Returns the trace without the texts of people and models, for users who may not read these texts."""
        events = [event.without_words() for event in self.events]
        return replace(self, events=events, message=None, summary="")


def of(workspace: Workspace, kind: str, row_id: uuid.UUID) -> Trace:
    """Returns the trace of the row `row_id`. `kind` is one of `records.KINDS`. Raises `records.NotHere`."""
    subject = records.find(workspace, kind, row_id)
    rows = records.load(subject)
    events = sorted(
        chain(
            arrival.events(rows), work.events(rows), answer.events(rows), _people(rows.audit), _notices(rows)
        ),
        key=lambda event: event.at,
    )
    return Trace(
        kind=kind,
        id=row_id,
        **_end(rows)._asdict(),
        events=events,
        links=_links(events),
        parts=_parts(rows),
        lead=rows.lead,
        message=rows.messages[0] if len(rows.messages) == 1 else None,
        earlier=subject.earlier,
        cut=rows.cut,
    )


def _people(entries: list[AuditEntry]) -> Iterator[Event]:
    for entry in entries:
        if entry.action in OF_A_TRACE:
            who = entry.author or "The product"
            yield Event(entry.created_at, "user", f"{who} {OF_A_TRACE[entry.action]}", tone="info")


def _notices(rows: Records) -> Iterator[Event]:
    for change in rows.transitions:
        yield Event(
            change.at,
            "health",
            f"The account’s state changed to {change.get_after_display().lower()}",
            tone="ok" if change.after == "connected" else "warn",
            why=change.reason if change.reason != "ok" else "",
        )
    own_notice = rows.subject.notice
    yield from map(_noticed, [own_notice] if own_notice else records.notices_of(rows))


def _noticed(notice: Notice) -> Event:
    where = f" in {notice.destination}" if notice.destination else ""
    tones = {Notice.State.SENT: "ok", Notice.State.FAILED: "bad"}
    return Event(
        notice.created_at,
        "info",
        f"A notification went out by {notice.get_path_display()}{where}",
        tone=tones.get(Notice.State(notice.state), "warn"),
        branch=notice.get_state_display(),
        why=notice.reason,
        said=notice.words,
        ms=(notice.finished_at - notice.created_at).total_seconds() * 1000 if notice.finished_at else None,
        links=(link_to(notice),),
    )


def _links(events: list[Event]) -> list[Link]:
    links: dict[tuple[str, uuid.UUID], Link] = {}
    for link in chain.from_iterable(event.links for event in events):
        links.setdefault((link.kind, link.id), link)
    return list(links.values())


def _end(rows: Records) -> Ending:
    kind, lead, notice = rows.subject.kind, rows.lead, rows.subject.notice
    if kind == "notice" and notice is not None:
        tone, icon = ("ok", "check") if notice.state == Notice.State.SENT else ("warn", "warn")
        return Ending(
            f"A notification by {notice.get_path_display()}", tone, icon, notice.get_state_display()
        )
    if kind == "lead" and lead is not None:
        headline = f"Trace for {lead.display_name}"
        return Ending(headline, "", "user", _lead_word(lead), "The newest messages, with the trace of each.")
    if rows.bounces or any(arrival.is_bounce(message) for message in rows.messages):
        return BOUNCED
    send = rows.subject.send or (rows.sends[-1] if rows.sends else None)
    if send is not None:
        return _end_of_send(rows, send)
    if rows.messages and rows.messages[0].direction == Message.Direction.OUTBOUND:
        headline = f"Sent from {sender_of(rows.messages[0].source)}"
        return Ending(
            headline, "ok", "check", "Sent", "A campaign or someone in the provider’s app sent this message."
        )
    if not rows.messages and rows.deliveries:
        return _end_of_delivery(rows.deliveries[-1])
    return _end_of_work(rows)


def _lead_word(lead: Lead) -> str:
    if lead.opted_out_at is not None:
        return "Opted out"
    return "Bounced" if lead.bounced_at is not None else str(lead.get_tag_display())


def _end_of_send(rows: Records, send: OutboundSend) -> Ending:
    if send.state == State.UNKNOWN:
        summary = (
            f"{provider_label(send.provider)} didn’t confirm the result. Holdfast won’t retry automatically."
        )
        return Ending("It’s unclear whether the answer was sent", "warn", "warn", "Unclear", summary)
    if send.state != State.SENT:
        return ENDS_OF_SEND[State(send.state)]._replace(summary=send.reason)
    asked_at = rows.messages[0].received_at if rows.messages else send.created_at
    took = duration(((send.finished_at or send.created_at) - asked_at).total_seconds())
    headline = f"{'Answered' if rows.messages else 'Went out'} in {took}"
    return Ending(headline, "ok", "check", "Sent", _held_words(rows))


def _held_words(rows: Records) -> str:
    draft = next((row for row in rows.drafts if row.decided_by_id and row.decided_at), None)
    if draft is None or draft.decided_at is None:
        return "The message went out once."
    waited = duration((draft.decided_at - draft.created_at).total_seconds())
    return f"For {waited} of that time, it was waiting for a person. {_refusal(rows, draft)}".strip()


def _refusal(rows: Records, draft: Draft) -> str:
    return next((gate.evidence for gate in rows.gates.get(draft.pk, []) if not gate.passed), "")


def _end_of_delivery(delivery: WebhookDelivery) -> Ending:
    branch, why = arrival.verdict(delivery)
    if delivery.verdict == Verdict.IGNORED:
        tone, icon = "", "info"
    else:
        good = delivery.verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE)
        tone, icon = ("ok", "check") if good else ("bad", "fail")
    return Ending(branch, tone, icon, delivery.get_verdict_display(), why)


def _end_of_work(rows: Records) -> Ending:
    draft = rows.drafts[-1] if rows.drafts else None
    if draft is not None and draft.status == Draft.Status.PENDING:
        if draft.send_at is not None:
            return Ending("The answer goes out automatically", "info", "clock", "Scheduled")
        summary = draft.status_reason or _refusal(rows, draft)
        return Ending("The answer is waiting for a person", "warn", "pause", "Held", summary)
    job = rows.subject.job or next((row for row in rows.jobs if row.kind in work.READING), None)
    if job is not None and job.status == Job.FAILED:
        return Ending("Processing failed", "bad", "fail", "Failed", job.last_error)
    if job is not None and job.status in (Job.QUEUED, Job.RUNNING):
        attempts = rows.attempts.get(job.pk)
        if attempts and attempts[-1].outcome != JobAttempt.Outcome.MOVED:
            return Ending("Waiting for a retry", "warn", "retry", "Waiting", job.last_error)
        return Ending("Being processed", "info", "run", "In progress")
    if draft is not None:
        return Ending("The draft was discarded", "", "off", "Discarded", draft.status_reason)
    if rows.messages:
        return Ending("Nothing was sent", "", "info", "No answer", _no_draft(rows))
    headline = f"{work.words_of(job)}: {job.get_status_display().lower()}" if job else "Trace"
    return Ending(headline, "", "info", "")


def _no_draft(rows: Records) -> str:
    steps = (step for steps in rows.steps.values() for step in steps if step.name == "draft")
    return next((step.reason for step in steps if step.status == JobStep.Status.SKIPPED), "")


def _parts(rows: Records) -> list[Part]:
    send = rows.sends[-1] if rows.sends else None
    if len(rows.messages) != 1 or send is None or send.called_at is None or send.finished_at is None:
        return []
    began = rows.messages[0].received_at
    total = (send.finished_at - began).total_seconds()
    if total <= 0:
        return []
    draft = next((row for row in rows.drafts if row.pk == send.draft_id), None)
    person = _between(draft.created_at, draft.decided_at) if draft and draft.decided_by_id else 0.0
    if send.origin == OutboundSend.Origin.PERSON:
        person = _between(began, send.created_at)
    provider = _between(send.called_at, send.finished_at)
    ours = max(total - person - provider, 0.0)
    shares = [("Us", "info", "jobs", ours), ("A person", "warn", "user", person)]
    shares.append((provider_label(send.provider), "", "plug", provider))
    parts, x = [], 0
    for who, tone, icon, seconds in shares:
        width = round(1000 * seconds / total)
        if seconds > 0:
            parts.append(Part(who, tone, icon, seconds, x, max(width, 4)))
        x += width
    return parts


def _between(start: datetime, end: datetime | None) -> float:
    return max((end - start).total_seconds(), 0.0) if end else 0.0
