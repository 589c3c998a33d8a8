"""Builds the events of an answer: its draft, the checks, the person who decided, and its send."""

from collections.abc import Iterator

from django.utils import timezone

from inbox.models import Draft, FollowUpTask, GateResult, Message, OutboundSend, SendingPolicy
from inbox.replying import provenance, sending
from inbox.trace.events import Event, Item, link_to, provider_label, wait
from inbox.trace.records import Records
from jobs.display import with_noun
from jobs.models import BackgroundJob

State, Status = OutboundSend.State, Draft.Status
MODES = {
    SendingPolicy.Mode.SHADOW: "All checks passed, but the policy is Shadow, so a person has to send it.",
    SendingPolicy.Mode.AUTO: "All checks passed.",
}


def events(records: Records) -> Iterator[Event]:
    """Yields the events of the drafts and of our messages, in no particular order."""
    for draft in records.drafts:
        yield from _drafted(records, draft)
    for send in records.sends:
        yield from _sent(records, send)


def _drafted(records: Records, draft: Draft) -> Iterator[Event]:
    yield Event(
        draft.created_at,
        "draft",
        "An answer was drafted",
        tone="ok",
        detail=_made_of(draft),
        links=(link_to(draft),),
    )
    for stage in GateResult.Stage:
        judged = [gate for gate in records.gates.get(draft.pk, []) if gate.stage == stage]
        if judged:
            yield _checked(draft, judged)
    if draft.status == Status.PENDING:
        yield _waits(draft)
        return
    if draft.status != Status.REJECTED or draft.author:
        waited = "Waited for a person" if draft.author else "Waited until it was due"
        yield from wait(draft.created_at, draft.decided_at, waited)
    yield _decision(draft)


def _made_of(draft: Draft) -> str:
    by = f"By {draft.model}, prompt {draft.prompt_version}" if draft.model else "Written in Holdfast"
    sources = provenance.of(draft, ())  # facts are only counted here, so their rows are not needed
    if sources is None:
        return f"{by}."
    counts = [
        with_noun(sources.messages, "message"),
        with_noun(len(sources.facts), "fact"),
        with_noun(len(sources.slots), "free time"),
    ]
    return f"{by}: {sum(sources.tokens):,} tokens, {sources.cost}. The model saw {', '.join(counts)}."


def _checked(draft: Draft, judged: list[GateResult]) -> Event:
    failed = [gate for gate in judged if not gate.passed]
    good = len(judged) - len(failed)
    passed = (
        f"{good} of {with_noun(len(judged), 'check')} passed (policy version {judged[0].policy_version})."
    )
    due = judged[0].stage == GateResult.Stage.SEND
    if failed:
        what, branch, why = "Held for a person", "One check held the draft", failed[0].evidence
        if len(failed) > 1:
            branch = f"{len(failed)} checks held the draft"
            why = " ".join(gate.evidence for gate in failed[:3])
    else:
        what = "Checked again when it was due" if due else "Checked"
        branch, why = (
            "Cleared to send",
            MODES.get(SendingPolicy.Mode(draft.gate_mode or "auto"), "All checks passed."),
        )
    return Event(
        judged[0].decided_at,
        "pause" if failed else "ok",
        what,
        tone="warn" if failed else "ok",
        detail=passed,
        branch=branch,
        why=why,
        items=tuple(Item(gate.evidence, tone="ok" if gate.passed else "warn") for gate in judged),
        items_label=with_noun(len(judged), "check"),
        quotes=("why", "items"),
    )


def _waits(draft: Draft) -> Event:
    if draft.send_at is not None:
        late = draft.send_at <= timezone.now()
        return Event(
            draft.send_at,
            "clock",
            "Goes out automatically",
            tone="info",
            branch="It’s due" if late else "Unless someone stops it",
            why="A worker picks it up next." if late else "The checks run again at that time.",
            links=(link_to(draft),),
        )
    return Event(
        draft.updated_at,
        "user",
        "Waiting for a person",
        tone="warn",
        branch="Until someone approves or discards it",
        why=draft.status_reason or "Automatic answers are off, or a check held it.",
        links=(link_to(draft),),
        quotes=("why",),
    )


def _decision(draft: Draft) -> Event:
    who = draft.author
    if draft.status == Status.REJECTED:
        what = f"{who} discarded it" if who else "The draft was closed"
        at, why = draft.decided_at or draft.updated_at, draft.status_reason
        return Event(at, "x", what, branch="Nothing was sent", why=why, quotes=("why",))
    edited = draft.was_edited
    return Event(
        draft.decided_at or draft.updated_at,
        "user" if who else "run",
        f"{who} approved it" if who else "Went out automatically",
        tone="ok",
        branch="" if not who else "Changed" if edited else "Sent as drafted",
        why="" if not who else "The text differs from the draft." if edited else "The text is unchanged.",
        links=(link_to(draft),),
    )


def _sent(records: Records, send: OutboundSend) -> Iterator[Event]:
    who = provider_label(send.provider)
    yield from _claimed(send)
    looks = records.job(f"{sending.RECONCILE}:{send.pk}:{send.tries}")
    if send.called_at is not None:
        in_doubt = looks is not None or send.state == State.UNKNOWN
        yield Event(
            send.called_at,
            "send",
            f"Handed over to {who}",
            tone="warn" if in_doubt else "ok",
            detail="Each attempt makes exactly one call, and this attempt has made its call.",
            branch="Not confirmed" if in_doubt else "",
            why="The message may have been sent, so Holdfast checks the provider’s list instead of resending it."
            if in_doubt
            else "",
            ms=_call_ms(send, looks),
            links=(link_to(send),),
        )
    if send.finished_at is not None:
        if looks is not None and send.state == State.SENT:
            yield from wait(looks.created_at, send.finished_at, "Unclear whether the message was sent")
        yield _end(send, who, records.own.get(str(send.pk)))
    elif send.state == State.LATER and send.send_at:
        yield Event(
            send.send_at, "clock", "Goes out", branch="Someone chose the time", links=(link_to(send),)
        )
    elif send.state == State.INTENT and send.reason:
        yield Event(
            send.created_at, "clock", "Not sent yet", tone="warn", branch="Waiting", why=send.reason,
            links=(link_to(send),),
        )  # fmt: skip


def _call_ms(send: OutboundSend, looks: BackgroundJob | None) -> float | None:
    """Returns the milliseconds that the call took: until the send ended, or the reconciling job `looks` was made."""
    end = looks.created_at if looks is not None else send.finished_at
    return max((end - send.called_at).total_seconds(), 0) * 1000 if end and send.called_at else None


def _claimed(send: OutboundSend) -> Iterator[Event]:
    task: FollowUpTask | None = getattr(send, "followup_task", None)
    again = f" This was attempt {send.tries + 1}, after someone sent the message again." if send.tries else ""
    if task is not None:
        step = task.step
        yield Event(
            task.claimed_at,
            "steps",
            f"Step {step.position + 1} of the follow-up “{step.sequence.name}” was due",
            tone="ok",
            branch="Approved" if task.decided_by else "By the sequence",
            why=f"{task.decided_by} approved it." if task.decided_by else task.reason,
        )
    elif send.origin in (OutboundSend.Origin.PERSON, OutboundSend.Origin.PROGRAM):
        yield Event(
            send.created_at,
            "user",
            f"{send.author or 'A person'} wrote an answer",
            tone="ok",
            why=again.strip(),
            links=(link_to(send),),
        )
    elif again:
        yield Event(send.created_at, "retry", "Sent again", why=again.strip(), links=(link_to(send),))


def _end(send: OutboundSend, who: str, message: Message | None) -> Event:
    links = (link_to(send), *((link_to(message),) if message else ()))
    at = send.finished_at or send.created_at
    if send.state == State.SENT:
        branch = "Resolved later" if send.reason else f"{who} accepted it"
        return Event(at, "check", "Sent", tone="ok", branch=branch, why=send.reason, links=links)
    if send.state == State.FAILED:
        why = send.reason or "The provider refused it."
        return Event(at, "fail", "Not sent", tone="bad", branch="Confirmed", why=why, links=links)
    if send.state == State.TAKEN_BACK:
        return Event(at, "off", "Taken back", branch="Before the call", why=send.reason, links=links)
    return Event(
        send.looked_at or at,
        "warn",
        "Unclear whether the message was sent",
        tone="warn",
        branch="Not resent automatically",
        why=send.reason,
        links=links,
    )
