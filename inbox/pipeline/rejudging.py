"""Judges stored replies by today's rules, lists the changes, and applies them in a job. The following decisions stay:
those of a person or of people at the provider, those by a header (headers are not stored), and suspicions that only a
model raised.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.leads import provider_tags, rollup
from inbox.leads.tags import NO_ANSWER
from inbox.models import AuditEntry, Message, TagDecision, Workspace, audit
from inbox.models.lead import Channel, Suspicion, Tag
from inbox.understanding.arrival import Arrival, read, read_as
from inbox.understanding.rules import RULES_VERSION, ReplyText
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.kinds import kind_name

JOB = kind_name("rules.rejudge", __name__)
AUDITED = "rules.rejudge"
RULES = "rules "


class Rejudgement(NamedTuple):
    """A reply that today's rules read differently, with the `effect` on the lead: stopped, freed, hidden, held, shown
    or unchanged. `before` and `after` are tags, or "perhaps" and a suspicion.
    """

    message: Message
    judged: Arrival
    before: str
    after: str
    effect: str

    def as_json(self) -> dict[str, str]:
        ids = {"lead": str(self.message.lead_id), "message": str(self.message.pk)}
        return ids | {"before": self.before, "after": self.after, "effect": self.effect}


def replies(workspace: Workspace, since: datetime, until: datetime) -> QuerySet[Message]:
    """Returns the replies of this period (aware) that rules alone, a model, or nobody decided, oldest first."""
    people = TagDecision.objects.filter(workspace=workspace, kind=TagDecision.Kind.PERSON).values("message")
    decided = Q(tag_decided_by__startswith=provider_tags.PERSON) | Q(
        tag_decided_by__startswith=provider_tags.PROVIDER
    )
    return (
        Message.objects.inbound(workspace=workspace, received_at__range=(since, until), lead__sample=False)
        .exclude(source__in=rollup.bounces())
        .exclude(decided | Q(suspicion_decided_by__startswith=provider_tags.PERSON))
        .exclude(tag_decided_by__endswith="headers")
        # A suspicion of the rules that a model has confirmed is excluded.
        .exclude(~Q(suspicion_decided_by="") & Q(tag__in=NO_ANSWER))
        .exclude(pk__in=people)
        .select_related("lead")
        .order_by("received_at", "pk")
    )


def changes(workspace: Workspace, since: datetime, until: datetime) -> Iterator[Rejudgement]:
    for message in replies(workspace, since, until).iterator(chunk_size=200):
        if change := change_of(message):
            yield change


def change_of(message: Message) -> Rejudgement | None:
    judged = read(_reply(message), message.channel)
    ruled = message.tag if message.tag_decided_by.startswith(RULES) else ""
    suspected = "" if message.suspicion_decided_by else message.suspected  # "" if a model has denied it
    before, after = _words(ruled, suspected), _words(judged.tag, judged.suspected)
    agreed = judged.tag == message.tag and not suspected  # the rules agree with the stored tag
    wish = Suspicion.OPT_OUT if judged.tag == Tag.BLACKLIST else judged.suspected
    spared = not after or (suspected == Suspicion.OPT_OUT and wish != suspected)
    if before == after or (judged.tag and agreed) or (suspected and spared and _by_model(message)):
        return None
    return Rejudgement(message, judged, before, after, _effect(message, ruled, judged))


def _by_model(message: Message) -> bool:
    """Whether a model may have raised the suspicion: the model's decision then has the tag Neutral and no quote. A
    suspicion of the rules on a reply that a model tagged as Neutral looks the same, and also stays.
    """
    return message.tag_decisions.filter(kind=TagDecision.Kind.MODEL, tag=Tag.NEUTRAL, quote="").exists()


def _reply(message: Message) -> ReplyText:
    channel = read_as(message.channel, message.raw_html)
    mail = channel == Channel.EMAIL
    ours = Message.objects.outbound(
        lead=message.lead_id, channel=message.channel, sent_at__lt=message.sent_at
    )
    sent = (
        ours.order_by("-sent_at").values_list("text", flat=True)[:1]
        if mail or message.channel == Channel.SMS
        else ()
    )
    return ReplyText(
        channel=channel,
        sender_email=message.from_address if mail else message.lead.email,
        sender_name=message.from_name,
        subject=message.subject,
        text=message.raw_text if message.raw_text or message.raw_html else message.text,
        html=message.raw_html,
        automated_reply=message.automated_reply,
        sent=tuple(text for text in sent if text),
    )


def _words(tag: str, suspected: str) -> str:
    return tag or (f"perhaps {suspected}" if suspected else "")


def _effect(message: Message, ruled: str, judged: Arrival) -> str:
    lead = message.lead
    if judged.tag == Tag.BLACKLIST:
        later = judged.opt_out and rollup.opted_in_after(lead, rollup.stopped_at(message), message.stamp)
        return "unchanged" if lead.is_stopped or later else "stopped"
    if ruled == Tag.BLACKLIST and tag_decisions.has_stopped(lead, message):
        return "unchanged" if tag_decisions.has_another_stop(message) else "freed"
    if message.sent_at != lead.last_inbound_at or lead.is_stopped:
        return "unchanged"
    if judged.suspected:
        return "held"
    hides = judged.tag in NO_ANSWER
    return "hidden" if hides else "shown" if ruled in NO_ANSWER or message.suspected else "unchanged"


def start(workspace: Workspace, since: datetime, until: datetime) -> None:
    """Enqueues the job that judges `replies` by today's rules, unless it already waits, and writes the audit log."""
    with transaction.atomic():
        payload = {"since": since.isoformat(), "until": until.isoformat()}
        enqueue(
            JOB,
            workspace_id=workspace.pk,
            dedupe_key=f"{JOB}:{RULES_VERSION}",
            payload=payload,
            anew=True,
        )
        audit.record(workspace.pk, None, AUDITED, workspace, version=RULES_VERSION, **payload)


def run(ctx: JobContext) -> dict[str, Any]:
    """Runs the job `rules.rejudge`: changes each reply in its own transaction. A second run continues with the rest."""
    workspace = Workspace.objects.get(pk=ctx.workspace_id)
    since, until = (datetime.fromisoformat(ctx.payload[name]) for name in ("since", "until"))
    ids = list(replies(workspace, since, until).values_list("pk", flat=True))
    done: list[dict[str, str]] = []
    for number, message_id in enumerate(ids, 1):
        if change := _apply(workspace, since, until, message_id):
            done.append(change.as_json())
        ctx.progress(number, len(ids))
    return {"judged": len(ids), "counts": counts(done), "leads": done}


def counts(lines: list[dict[str, str]]) -> dict[str, int]:
    effects = [line["effect"] for line in lines]
    return {effect: effects.count(effect) for effect in sorted(set(effects))}


def _apply(workspace: Workspace, since: datetime, until: datetime, message_id: UUID) -> Rejudgement | None:
    with transaction.atomic():
        rows = replies(workspace, since, until).filter(pk=message_id)
        # The check is repeated under the lock that every decision about the lead's replies needs.
        message = rows.select_for_update(of=("lead",), no_key=True).first()
        change = change_of(message) if message else None
        if change:
            tag_decisions.rejudge(change.message, change.judged, before=change.before, after=change.after)
        return change


def behind() -> list[Workspace]:
    """Returns the workspaces in which nobody has judged the decisions of older rules of the last 30 days again."""
    done = AuditEntry.objects.filter(action=AUDITED, data__version=RULES_VERSION).values("workspace_id")
    month = timezone.now() - timedelta(days=30)
    older = TagDecision.objects.filter(kind=TagDecision.Kind.RULE, created_at__gte=month)
    pending = older.exclude(by__startswith=f"{RULES}{RULES_VERSION}:").values("workspace_id")
    return list(Workspace.objects.filter(pk__in=pending).exclude(pk__in=done).order_by("name"))
