"""Builds the events of background jobs: their waits, attempts and steps, and their calls of the model."""

from collections.abc import Iterator

from inbox.intake.messages import CATCH_UP, PROCESS
from inbox.pipeline.skip_conditions import NO_DRAFT
from inbox.pipeline.tag_notices import TELL
from inbox.replying import autosend, review, send_claims, sending
from inbox.replying.provenance import dollars
from inbox.trace.events import Event, Item, link_to, wait
from inbox.trace.records import Records
from integrations.errors import CallOutcome
from integrations.models import AiCall
from jobs.display import with_noun
from jobs.durations import duration
from jobs.kinds import in_words
from jobs.models import BackgroundJob, JobAttempt, JobStep

Status, Outcome = BackgroundJob.Status, JobAttempt.Outcome
WORDS = {
    PROCESS: "Work on the reply",
    CATCH_UP: "More work on the reply",
    review.REWRITE: "Rewriting the draft",
    autosend.AUTOSEND: "Sending automatically",
    send_claims.SEND: "Sending the message",
    sending.RECONCILE: "Looking for the message at the provider",
    TELL: "Posting to Slack",
    "followup.step": "A follow-up step",
}
"""What a job of each kind does, as a phrase within a trace. A job of another kind is shown by its kind's own text."""
READING = (PROCESS, CATCH_UP)
ENDED = {
    Outcome.SUCCEEDED: ("done", "ok", "check"),
    Outcome.RETRIED: ("failed, will be retried", "warn", "retry"),
    Outcome.FAILED: ("failed permanently", "bad", "fail"),
    Outcome.SNOOZED: ("postponed", "warn", "clock"),
    Outcome.MOVED: ("continues in another lane", "", "steps"),
    Outcome.CANCELLED: ("cancelled", "", "off"),
    Outcome.HANDED_BACK: ("handed back when the worker stopped", "warn", "retry"),
    Outcome.LOST: ("lost when the worker went missing", "warn", "retry"),
    Outcome.KILLED_WORKER: ("lost when its worker crashed", "bad", "fail"),
}
ASKED_TO = {
    "tag": "read the reply",
    "signature": "read the signature",
    "strategy": "plan an answer",
    "email": "write the answer",
    "sms": "write the answer",
    "linkedin": "write the answer",
    "verify": "check the answer",
    "revise": "correct the answer",
    "evaluate": "judge the answer",
}
"""What the model was asked to do, by the name of the prompt."""
LEFT_OUT = {
    "draft": ("draft", "No answer was drafted", "Not needed for this reply"),
    "gates": ("pause", "The checks didn’t run", "Skipped"),
}
"""The steps of a job that the trace mentions if they were skipped: icon, sentence, and words for the path taken."""
REFUSED = ("refusal", "content_filter")
STEP_TONES = {JobStep.Status.DONE: "ok", JobStep.Status.SKIPPED: "", JobStep.Status.STARTED: "warn"}


def words_of(job: BackgroundJob) -> str:
    """Returns what the job does, as a text for users."""
    return WORDS.get(job.kind) or in_words(job.kind)


def events(records: Records) -> Iterator[Event]:
    """Yields the events of the background jobs, in no particular order."""
    for job in records.jobs:
        attempts = records.attempts.get(job.pk, [])
        steps = records.steps.get(job.pk, [])
        yield from _attempts(job, attempts, steps)
        if job.kind in READING:
            yield from _left_out(steps)
        for call in records.calls.get(job.pk, []):
            yield _asked(call)


def _attempts(job: BackgroundJob, attempts: list[JobAttempt], steps: list[JobStep]) -> Iterator[Event]:
    before = max(job.created_at, job.first_run_at)
    why = "Waited for a worker"
    for number, attempt in enumerate(attempts):
        yield from wait(before, attempt.started_at, why)
        last = number == len(attempts) - 1
        yield _attempt(job, attempt, steps if last else [])
        before, why = attempt.finished_at, _waiting_for(attempt)
    yield from _now(job, attempts, why)


def _waiting_for(attempt: JobAttempt) -> str:
    if attempt.outcome == Outcome.SNOOZED:
        return "Waited until it was due again"
    return "Waited for its turn" if attempt.outcome == Outcome.MOVED else "Waited before the next attempt"


def _attempt(job: BackgroundJob, attempt: JobAttempt, steps: list[JobStep]) -> Event:
    words, tone, icon = ENDED.get(Outcome(attempt.outcome), ("ended", "", "info"))
    done = sum(step.status == JobStep.Status.DONE for step in steps)
    skipped = sum(step.status == JobStep.Status.SKIPPED for step in steps)
    detail = f"Attempt {attempt.number}."
    if len(steps) > 1:
        detail += f" {with_noun(done, 'step')} done, {skipped} not needed."
    return Event(
        attempt.started_at,
        icon,
        f"{words_of(job)}: {words}",
        tone=tone,
        detail=detail,
        why=attempt.error,
        branch="Reason for the wait"
        if attempt.outcome == Outcome.SNOOZED
        else attempt.error_class.rpartition(".")[2],
        ms=attempt.duration_ms,
        links=(link_to(job),),
        items=tuple(_step(step) for step in steps) if len(steps) > 1 else (),
        items_label=with_noun(len(steps), "step"),
        waits=attempt.outcome == Outcome.MOVED,
    )


def _step(step: JobStep) -> Item:
    took = f", {duration((step.finished_at - step.started_at).total_seconds())}" if step.finished_at else ""
    word = step.get_status_display().lower()
    return Item(
        f"{step.name}: {word}{took if step.status == JobStep.Status.DONE else ''}",
        step.reason,
        STEP_TONES[JobStep.Status(step.status)],
    )


def _now(job: BackgroundJob, attempts: list[JobAttempt], why: str) -> Iterator[Event]:
    words, links = words_of(job), (link_to(job),)
    if job.status == Status.RUNNING:
        yield Event(job.started_at or job.run_at, "run", f"{words}: in progress", tone="info", links=links)
    elif job.status == Status.QUEUED and attempts:
        why = job.last_error or f"{why}."
        branch = "Next attempt"
        yield Event(
            job.run_at, "clock", f"{words}: waiting", tone="warn", branch=branch, why=why, links=links
        )
    elif job.status == Status.QUEUED:
        why = "A worker picks it up when it’s due."
        what = f"{words}: not started"
        yield Event(job.run_at, "clock", what, tone="info", branch="Due then", why=why, links=links)
    elif not attempts and job.finished_at is not None:
        icon = "off" if job.status == Status.CANCELLED else "info"
        tone = "bad" if job.status == Status.FAILED else ""
        what = f"{words}: {job.get_status_display().lower()}"
        yield Event(job.finished_at, icon, what, tone=tone, why=job.last_error, links=links)


def _left_out(steps: list[JobStep]) -> Iterator[Event]:
    for step in steps:
        if step.status != JobStep.Status.SKIPPED or step.reason == NO_DRAFT.reason:
            continue
        if step.name in LEFT_OUT:
            icon, what, branch = LEFT_OUT[step.name]
            yield Event(step.started_at, icon, what, branch=branch, why=step.reason)


def _asked(call: AiCall) -> Event:
    good = call.outcome == "ok"
    tokens = f"{call.input_tokens:,} tokens in, {call.output_tokens:,} out, {dollars(call.cost_microusd)}."
    return Event(
        call.created_at,
        "bolt",
        f"The model was asked to {ASKED_TO.get(call.feature, call.feature)}",
        tone="ok" if good else "warn",
        detail=f"Prompt {call.feature} v{call.prompt_version}, {call.model}. {tokens}",
        branch="" if good else _no_answer(call.outcome),
        why="" if good else "Steps that need the model are retried or wait for a person.",
        ms=call.duration_ms,
    )


def _no_answer(outcome: str) -> str:
    if outcome in REFUSED:
        return "The model refused to answer"
    if outcome in CallOutcome.values:
        return f"The model couldn’t be asked: {CallOutcome(outcome).label}"
    return f"The model’s answer couldn’t be used: {outcome.replace('_', ' ')}"
