"""Defines the gates. A gate decides whether a draft may go out without a person, and explains its verdict in a
sentence. All gates run when the draft is written and again in the transaction of its send; all verdicts are stored and
shown. Gates read only the database, where `Draft.evaluation` already holds the model's answer about the draft.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from inbox.leads.rollup import answers
from inbox.leads.tags import AUTO, NO_ANSWER
from inbox.models import Draft, GateResult, Lead, Message, OutboundSend, SendingPolicy, TagDecision, Workspace
from inbox.models.lead import Channel, Tag
from inbox.replying import chosen_facts, draft_material, hours, provenance, topics
from inbox.replying.prompts import thread
from inbox.replying.send_claims import is_automatic
from inbox.understanding.normalise import fold

VERSION = "7"
"""The version of the gates, which is stored with each verdict. Increase it when a gate is added, removed or changed."""

Stage = GateResult.Stage
State = OutboundSend.State
LOOP_WINDOW = timedelta(days=1)
LOOP_LIMIT = 3
SHORT_ANSWER = 25
"""A reply of up to this number of characters may be equal to an earlier reply: people write "yes, please" twice."""
TEXT_PASSES = "The draft makes up no link, price or time, and its length fits."
INSTANT_S = 20
"""A reply within this number of seconds after our message counts as automatic."""


class GateVerdict(NamedTuple):
    passed: bool
    evidence: str


@dataclass
class Evidence:
    """The data that gates read, computed once. `planned_at` is the time (aware) at which the draft would go out."""

    draft: Draft
    policy: SendingPolicy
    stage: str
    planned_at: datetime

    @cached_property
    def lead(self) -> Lead:
        return Lead.objects.get(pk=self.draft.lead_id)

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace.objects.get(pk=self.draft.workspace_id)

    @cached_property
    def message(self) -> Message:
        return Message.objects.get(pk=self.draft.trigger_message_id)

    @cached_property
    def newest(self) -> Message | None:
        inbound = Message.objects.inbound(lead_id=self.draft.lead_id)
        return inbound.order_by("-sent_at", "-pk").first()

    @cached_property
    def sends(self) -> list[OutboundSend]:
        """The 20 latest sends to the lead, except the draft's own, on any channel and in any state, newest first."""
        sends = OutboundSend.objects.filter(lead_id=self.draft.lead_id).exclude(draft_id=self.draft.pk)
        return list(sends.order_by("-created_at")[:20])

    @cached_property
    def decision(self) -> TagDecision | None:
        """The newest decision about the tag of the lead's message, without those that only deny a suspicion."""
        decisions = TagDecision.objects.filter(message_id=self.draft.trigger_message_id, denied="")
        return decisions.order_by("-pk").first()


def _kill_switch(e: Evidence) -> GateVerdict:
    if settings.AUTO_SEND_DISABLED:
        return GateVerdict(False, "Automatic answers are off for the entire installation.")
    if e.workspace.sends_paused:
        return GateVerdict(False, "Automatic answers are off for this workspace.")
    return GateVerdict(True, "No kill switch is on.")


def _mode(e: Evidence) -> GateVerdict:
    scope = f"Campaign {e.policy.campaign}" if e.policy.campaign_id else "The workspace"
    if e.stage == Stage.SEND and e.policy.mode != SendingPolicy.Mode.AUTO:
        return GateVerdict(False, f"{scope}’s policy is now {e.policy.mode}.")
    return GateVerdict(e.policy.mode != SendingPolicy.Mode.OFF, f"{scope}’s policy is {e.policy.mode}.")


def _channel(e: Evidence) -> GateVerdict:
    if e.draft.channel == Channel.LINKEDIN:
        return GateVerdict(False, "LinkedIn answers always need a person.")
    return GateVerdict(True, f"{e.draft.get_channel_display()} answers can be sent automatically.")


def _opt_out(e: Evidence) -> GateVerdict:
    if e.lead.opted_out_at is not None:
        return GateVerdict(False, "The lead asked not to be contacted.")
    if e.lead.tag == Tag.BLACKLIST:
        return GateVerdict(False, "The lead is tagged Blacklist.")
    return GateVerdict(True, "The lead has not opted out.")


def _bounce(e: Evidence) -> GateVerdict:
    if e.lead.bounced_at is not None:
        return GateVerdict(False, "A message to this lead bounced.")
    return GateVerdict(True, "No message to this lead has bounced.")


def _automatic_reply(e: Evidence) -> GateVerdict:
    if e.message.automated_reply:
        return GateVerdict(False, "The provider says the reply is automated.")
    if e.message.tag in NO_ANSWER:
        return GateVerdict(False, f"The reply is tagged {e.message.tag}.")
    return GateVerdict(True, "Nothing marks the reply as automated.")


def _suspected(e: Evidence) -> GateVerdict:
    """Fails while a suspicion about the lead is open: until a person decides, or a model confirms it with a quote."""
    if e.lead.suspected:
        return GateVerdict(False, f"{e.lead.get_suspected_display()}: “{e.lead.suspected_words}”")
    if e.message.suspected:
        by = e.message.suspicion_decided_by or "a later START"
        return GateVerdict(True, f"{e.message.get_suspected_display()}, but {by} has decided.")
    return GateVerdict(True, "Nothing suggests an opt-out or an automated reply.")


def _decided(e: Evidence) -> GateVerdict:
    if e.decision is None:
        return GateVerdict(False, "No rule, model or person has tagged the reply.")
    return GateVerdict(True, f"{e.decision.tag}, decided by {e.decision.by}.")


def _sample(e: Evidence) -> GateVerdict:
    if e.lead.sample:
        return GateVerdict(False, "This is a sample, so nothing goes out.")
    return GateVerdict(True, "The lead is a person, not a sample.")


def _tag(e: Evidence) -> GateVerdict:
    if e.lead.tag in AUTO:
        return GateVerdict(True, f"{e.lead.tag} replies can be answered automatically.")
    return GateVerdict(False, f"{e.lead.tag} replies always need a person.")


def _unchanged(e: Evidence) -> GateVerdict:
    if e.newest is None or e.newest.pk != e.draft.trigger_message_id:
        return GateVerdict(False, "The lead has written again.")
    return GateVerdict(True, "The draft answers the lead's newest message.")


def _nothing_since(e: Evidence) -> GateVerdict:
    ours = Message.objects.filter(answers(), lead_id=e.draft.lead_id, sent_at__gt=e.message.sent_at)
    if ours.exclude(draft_id=e.draft.pk).exists():
        return GateVerdict(False, "Another message has gone out since the lead wrote.")
    live = [send for send in e.sends if send.state in (State.INTENT, State.UNKNOWN)]
    if live:
        return GateVerdict(False, "Another message to this lead is on its way, or its outcome is unknown.")
    return GateVerdict(True, "Nothing else has gone out since the lead wrote.")


def _one_in_a_row(e: Evidence) -> GateVerdict:
    last = next((send for send in e.sends if send.state == State.SENT), None)
    if (
        last is not None
        and is_automatic(last)
        and (e.newest is None or last.created_at > e.newest.received_at)
    ):
        return GateVerdict(False, "The last message was automatic, and the lead hasn’t written since.")
    return GateVerdict(True, "This isn’t the second automatic message in a row.")


def _loop(e: Evidence) -> GateVerdict:
    since = timezone.now() - LOOP_WINDOW
    automatic = [send for send in e.sends if is_automatic(send) and send.created_at > since]
    if len(automatic) >= LOOP_LIMIT:
        return GateVerdict(False, f"{len(automatic)} automatic answers went to this lead in one day.")
    sent = (send for send in e.sends if send.state == State.SENT and send.called_at)
    last_at = next((send.called_at for send in sent), None)
    if last_at and 0 <= (e.message.sent_at - last_at).total_seconds() < INSTANT_S:
        return GateVerdict(
            False, f"The reply came within {INSTANT_S} seconds of our message, so it may be automated."
        )
    if e.message.from_address and e.message.from_address.lower() == e.message.account_address.lower():
        return GateVerdict(False, "The reply came from our own address.")
    same = Message.objects.inbound(lead_id=e.draft.lead_id, text=e.message.text).exclude(pk=e.message.pk)
    if len(e.message.text) > SHORT_ANSWER and same.exists():
        return GateVerdict(False, "The lead has sent these exact words before, so they may be automated.")
    return GateVerdict(True, "This doesn’t look like two bots answering each other.")


def _topics(e: Evidence) -> GateVerdict:
    topic, word = topics.escalated(f"{e.message.subject}\n{e.message.text}")
    if topic:
        return GateVerdict(False, f"The reply is about {topic} (“{word}”), which needs a person.")
    if host := topics.SCHEDULER.search(e.message.text):
        return GateVerdict(
            False, f"The lead sent their own booking page ({host[0].lower()}), which needs a person."
        )
    if not topics.is_readable(e.message.text, e.draft.text):
        return GateVerdict(
            False, "Holdfast’s sensitive topics don’t cover this language, so the reply needs a person."
        )
    topic, word = topics.escalated(e.draft.text)
    if topic and word not in fold(draft_material.gather(e.message).sayable):
        return GateVerdict(False, f"The answer is about {topic} (“{word}”), but no fact covers that.")
    return GateVerdict(True, "No topic in the reply needs a person.")


def _speaks_to_a_machine(e: Evidence) -> GateVerdict:
    if words := draft_material.machine_orders(e.lead, e.message, thread.earlier(e.message)):
        return GateVerdict(False, draft_material.machine_reason(words))
    return GateVerdict(True, "The reply doesn’t try to instruct an AI.")


def _verified(e: Evidence) -> GateVerdict:
    problems = e.draft.verification.get("problems") or []
    if problems:
        return GateVerdict(False, f"Problems found: {len(problems)}. {problems[0]}")
    if e.draft.strategy.get("needs_human"):
        return GateVerdict(
            False, f"The plan asks for a person: {e.draft.strategy.get('why') or 'no reason given'}"
        )
    if e.draft.strategy.get("unknown"):
        return GateVerdict(False, "The lead asked something that the workspace’s facts don’t answer.")
    if question := provenance.stale(e.draft):
        return GateVerdict(False, f"The draft relies on a changed or removed fact: “{question[:80]}”.")
    if forbidden := chosen_facts.forbidden(e.draft.workspace_id, e.draft.text):
        return GateVerdict(False, f"The draft uses a phrase on your “Never said” list: {forbidden[0]}")
    return GateVerdict(bool(e.draft.text.strip()), TEXT_PASSES)


def _evaluator(e: Evidence) -> GateVerdict:
    evaluation = e.draft.evaluation
    if not evaluation:
        return GateVerdict(False, "The text hasn’t been evaluated.")
    reason = str(evaluation.get("reason") or "no reason given")
    safe = bool(evaluation.get("safe_to_send")) and not evaluation.get("requires_human_review")
    return GateVerdict(safe, f"The evaluator says {'safe' if safe else 'review'}: {reason}")


def _confidence(e: Evidence) -> GateVerdict:
    score, wanted = float(e.draft.evaluation.get("confidence") or 0), e.policy.confidence_threshold
    return GateVerdict(
        score >= wanted, f"The evaluator is {score:.0%} confident. The minimum is {wanted:.0%}."
    )


def _cap(e: Evidence) -> GateVerdict:
    start = timezone.localtime(timezone.now(), hours.zone(e.workspace)).replace(hour=0, minute=0, second=0)
    sent = OutboundSend.objects.filter(
        workspace_id=e.draft.workspace_id,
        origin=OutboundSend.Origin.DRAFT,
        approved_by=None,
        program=None,
        part=0,
        created_at__gte=start,
    ).exclude(draft_id=e.draft.pk)
    count, cap = sent.count(), e.workspace.daily_send_cap
    return GateVerdict(count < cap, f"{count} of {cap} automatic answers went out today.")


def _hours(e: Evidence) -> GateVerdict:
    if not e.policy.business_hours_only:
        return GateVerdict(True, "This policy ignores business hours.")
    local = timezone.localtime(e.planned_at, hours.zone(e.workspace))
    open_then = hours.is_open(e.workspace, e.planned_at)
    return GateVerdict(
        open_then, f"{local:%a %H:%M} is {'within' if open_then else 'outside'} business hours."
    )


HOURS = "business hours"
GATES: dict[str, Callable[[Evidence], GateVerdict]] = {
    "kill switch": _kill_switch,
    "policy": _mode,
    "channel": _channel,
    "sample": _sample,
    "opt-out": _opt_out,
    "bounce": _bounce,
    "automatic reply": _automatic_reply,
    "suspicion": _suspected,
    "tag decided": _decided,
    "tag eligible": _tag,
    "newest message": _unchanged,
    "nothing since": _nothing_since,
    "one in a row": _one_in_a_row,
    "loop guard": _loop,
    "topics": _topics,
    "speaks to a machine": _speaks_to_a_machine,
    "verified": _verified,
    "evaluator": _evaluator,
    "confidence": _confidence,
    "daily cap": _cap,
    HOURS: _hours,
}


def judge(
    draft: Draft, *, stage: str, planned_at: datetime, policy: SendingPolicy | None = None
) -> list[GateResult]:
    """Asks every gate whether `draft` may go out without a person at `planned_at` (aware). Returns the verdicts, which
    replace the earlier verdicts of the same `stage`.
    """
    policy = policy or draft.policy
    evidence = Evidence(draft, policy, stage, planned_at)
    now = timezone.now()
    results = []
    for position, (name, check) in enumerate(GATES.items()):
        verdict = check(evidence)
        results.append(
            GateResult(
                workspace_id=draft.workspace_id,
                draft=draft,
                stage=stage,
                gate=name,
                position=position,
                passed=verdict.passed,
                evidence=verdict.evidence[:300],
                policy_version=VERSION,
                decided_at=now,
            )
        )
    GateResult.objects.bulk_create(
        results,
        update_conflicts=True,
        unique_fields=["draft", "stage", "gate"],
        update_fields=["position", "passed", "evidence", "policy_version", "decided_at"],
    )
    return results


def failing(results: Iterable[GateResult]) -> list[GateResult]:
    return [gate_result for gate_result in results if not gate_result.passed]
