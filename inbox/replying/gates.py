"""The gates: each says yes or no to an answer going out without a person, with a sentence of evidence.

All of them are asked every time, when the draft is written and again in the transaction of its send, and all verdicts
are kept and shown. None trusts the model's own score alone. Only the database is asked here; what a model says was
asked before and stands in `Draft.evaluation`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from inbox import thread
from inbox.leads.rollup import answers
from inbox.models import Draft, GateResult, Lead, Message, OutboundSend, SendingPolicy, TagDecision, Workspace
from inbox.models.lead import Channel, Tag
from inbox.replying import context, facts, hours, making, orders, policies, topics
from inbox.replying.claims import is_automatic
from inbox.understanding.normalise import fold
from inbox.understanding.tags import AUTO, NO_ANSWER

VERSION = "5"
"""Stored with each verdict; raised whenever a gate is added, removed or decides differently."""

Stage = GateResult.Stage
State = OutboundSend.State
TAG_CONFIDENCE = 0.7
LOOP_WINDOW = timedelta(days=1)
LOOP_LIMIT = 3
SHORT_ANSWER = 25
"""People do say "yes, please" twice."""
INSTANT_S = 20
"""Whoever answers our message within this many seconds is a machine."""


class Verdict(NamedTuple):
    passed: bool
    evidence: str


@dataclass
class Evidence:
    """What the gates look at. `planned_at`: when it would go out. Everything else is read when first asked for."""

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
        """The lead's newest reply on any channel."""
        inbound = Message.objects.filter(lead_id=self.draft.lead_id, direction=Message.Direction.INBOUND)
        return inbound.order_by("-sent_at", "-pk").first()

    @cached_property
    def sends(self) -> list[OutboundSend]:
        """The lead's latest sends on any channel, newest first, this draft's own excepted."""
        sends = OutboundSend.objects.filter(lead_id=self.draft.lead_id).exclude(draft_id=self.draft.pk)
        return list(sends.order_by("-created_at")[:20])

    @cached_property
    def decision(self) -> TagDecision | None:
        """Who decided the tag of the message that is answered."""
        decisions = TagDecision.objects.filter(message_id=self.draft.trigger_message_id, denied="")
        return decisions.order_by("-pk").first()


def _kill_switch(e: Evidence) -> Verdict:
    if settings.AUTO_SEND_DISABLED:
        return Verdict(False, "Sending without a person is switched off for the whole installation.")
    if e.workspace.sends_paused:
        return Verdict(False, "Sending without a person is switched off for this workspace.")
    return Verdict(True, "No kill switch is on.")


def _mode(e: Evidence) -> Verdict:
    scope = f"campaign {e.policy.campaign}" if e.policy.campaign_id else "the workspace"
    if e.stage == Stage.SEND and e.policy.mode != SendingPolicy.Mode.AUTO:
        return Verdict(False, f"The policy of {scope} is {e.policy.mode} now.")
    return Verdict(e.policy.mode != SendingPolicy.Mode.OFF, f"The policy of {scope} is {e.policy.mode}.")


def _channel(e: Evidence) -> Verdict:
    if e.draft.channel == Channel.LINKEDIN:
        return Verdict(False, "LinkedIn answers always wait for a person.")
    return Verdict(True, f"Answers by {e.draft.get_channel_display()} may go out.")


def _opt_out(e: Evidence) -> Verdict:
    if e.lead.opted_out_at is not None:
        return Verdict(False, "The lead asked not to be contacted.")
    if e.lead.tag == Tag.BLACKLIST:
        return Verdict(False, "The lead is tagged Blacklist.")
    return Verdict(True, "The lead has not opted out.")


def _bounce(e: Evidence) -> Verdict:
    if e.lead.bounced_at is not None:
        return Verdict(False, "A message to this lead bounced.")
    return Verdict(True, "Nothing to this lead has bounced.")


def _automatic_reply(e: Evidence) -> Verdict:
    if e.message.automated_reply:
        return Verdict(False, "The provider says that a machine wrote the reply.")
    if e.message.tag in NO_ANSWER:
        return Verdict(False, f"The reply is tagged {e.message.tag}.")
    return Verdict(True, "Nothing says that a machine wrote the reply.")


def _suspected(e: Evidence) -> Verdict:
    """What the rules only suspect holds a lead until a person, or a model with the lead's own words, has decided."""
    if e.lead.suspected:
        return Verdict(False, f"{e.lead.get_suspected_display()}: “{e.lead.suspected_words}”")
    if e.message.suspected:
        by = e.message.suspicion_decided_by or "a later START"
        return Verdict(True, f"{e.message.get_suspected_display()}, but {by} has decided.")
    return Verdict(True, "Nothing suggests that it is an opt-out or a machine's.")


def _decided(e: Evidence) -> Verdict:
    if e.decision is None:
        return Verdict(False, "No rule, model or person has said what the reply means.")
    sure = e.decision.confidence is None or e.decision.confidence >= TAG_CONFIDENCE
    how = f"{e.decision.tag}, decided by {e.decision.by}"
    if not sure:
        return Verdict(False, f"{how}, but only {e.decision.confidence:.0%} sure.")
    return Verdict(True, f"{how}.")


def _tag(e: Evidence) -> Verdict:
    if e.lead.tag in AUTO:
        return Verdict(True, f"{e.lead.tag} may be answered without a person.")
    return Verdict(False, f"{e.lead.tag} is always answered by a person.")


def _unchanged(e: Evidence) -> Verdict:
    if e.newest is None or e.newest.pk != e.draft.trigger_message_id:
        return Verdict(False, "The lead has written again since.")
    return Verdict(True, "It answers the lead's newest message.")


def _nothing_since(e: Evidence) -> Verdict:
    ours = Message.objects.filter(answers(), lead_id=e.draft.lead_id, sent_at__gt=e.message.sent_at)
    if ours.exclude(draft_id=e.draft.pk).exists():
        return Verdict(False, "Something of ours has gone out since the lead wrote.")
    live = [send for send in e.sends if send.state in (State.INTENT, State.UNKNOWN)]
    if live:
        return Verdict(
            False, "Another message to this lead is on its way, or nobody knows whether it went out."
        )
    return Verdict(True, "Nothing of ours has gone out since the lead wrote.")


def _one_in_a_row(e: Evidence) -> Verdict:
    last = next((send for send in e.sends if send.state == State.SENT), None)
    if (
        last is not None
        and is_automatic(last)
        and (e.newest is None or last.created_at > e.newest.received_at)
    ):
        return Verdict(False, "The last message went out by itself, and the lead has not written since.")
    return Verdict(True, "It would not be the second message in a row without a person.")


def _loop(e: Evidence) -> Verdict:
    since = timezone.now() - LOOP_WINDOW
    automatic = [send for send in e.sends if is_automatic(send) and send.created_at > since]
    if len(automatic) >= LOOP_LIMIT:
        return Verdict(False, f"{len(automatic)} answers went out by themselves to this lead within a day.")
    last = next((send for send in e.sends if send.state == State.SENT and send.called_at), None)
    if last and 0 <= (e.message.sent_at - last.called_at).total_seconds() < INSTANT_S:
        return Verdict(
            False, f"The reply came within {INSTANT_S} seconds of our message: it may be a machine."
        )
    if e.message.from_address and e.message.from_address.lower() == e.message.account_address.lower():
        return Verdict(False, "The reply came from our own address.")
    same = Message.objects.filter(
        lead_id=e.draft.lead_id, direction=Message.Direction.INBOUND, text=e.message.text
    ).exclude(pk=e.message.pk)
    if len(e.message.text) > SHORT_ANSWER and same.exists():
        return Verdict(False, "The lead has sent these very words before: it may be a machine.")
    return Verdict(True, "Nothing looks like two machines answering each other.")


def _topics(e: Evidence) -> Verdict:
    topic, word = topics.escalated(f"{e.message.subject}\n{e.message.text}")
    if topic:
        return Verdict(False, f"It is about {topic} (“{word}”): a person answers that.")
    if host := topics.scheduling_link(e.message.text):
        return Verdict(False, f"They sent their own scheduling page ({host}): a person books.")
    topic, word = topics.escalated(e.draft.text)
    if topic and word not in fold(context.gather(e.message).sayable):
        return Verdict(False, f"The answer is about {topic} (“{word}”), and no fact is: a person sends that.")
    return Verdict(True, "It touches no subject that a person always answers.")


def _speaks_to_a_machine(e: Evidence) -> Verdict:
    if words := orders.found(e.lead, e.message, thread.earlier(e.message)):
        return Verdict(False, orders.reason(words))
    return Verdict(True, "Nothing that they wrote gives orders to a machine.")


def _verified(e: Evidence) -> Verdict:
    problems = e.draft.verification.get("problems") or []
    if problems:
        return Verdict(False, f"The check found {len(problems)}: {problems[0]}")
    if e.draft.strategy.get("needs_human"):
        return Verdict(
            False, f"The plan asks for a person: {e.draft.strategy.get('why') or 'no reason given'}"
        )
    if e.draft.strategy.get("unknown"):
        return Verdict(False, "They asked something that the workspace's facts do not answer.")
    if question := making.stale(e.draft):
        return Verdict(False, f"A fact that it rests on has changed or is gone: “{question[:80]}”.")
    if said := facts.said(e.draft.workspace_id, e.draft.text):
        return Verdict(False, f"It says what is never said here: {said[0]}")
    return Verdict(bool(e.draft.text.strip()), "No link, price or time is made up, and the length fits.")


def _evaluator(e: Evidence) -> Verdict:
    evaluation = e.draft.evaluation
    if not evaluation:
        return Verdict(False, "No evaluation was made of this text.")
    reason = str(evaluation.get("reason") or "no reason given")
    safe = bool(evaluation.get("safe_to_send")) and not evaluation.get("requires_human_review")
    return Verdict(safe, f"The evaluator says {'safe' if safe else 'review'}: {reason}")


def _confidence(e: Evidence) -> Verdict:
    value, wanted = float(e.draft.evaluation.get("confidence") or 0), e.policy.confidence_threshold
    return Verdict(value >= wanted, f"The evaluator is {value:.0%} sure; {wanted:.0%} is asked for.")


def _cap(e: Evidence) -> Verdict:
    start = timezone.localtime(timezone.now(), hours.zone(e.workspace)).replace(hour=0, minute=0, second=0)
    sent = OutboundSend.objects.filter(
        workspace_id=e.draft.workspace_id,
        origin=OutboundSend.Origin.DRAFT,
        approved_by=None,
        part=0,
        created_at__gte=start,
    ).exclude(draft_id=e.draft.pk)
    count, cap = sent.count(), e.workspace.daily_send_cap
    return Verdict(count < cap, f"{count} of at most {cap} answers went out by themselves today.")


def _hours(e: Evidence) -> Verdict:
    if not e.policy.business_hours_only:
        return Verdict(True, "This policy does not keep to business hours.")
    local = timezone.localtime(e.planned_at, hours.zone(e.workspace))
    open_then = hours.is_open(e.workspace, e.planned_at)
    return Verdict(open_then, f"{local:%a %H:%M} is {'within' if open_then else 'outside'} business hours.")


class Gate(NamedTuple):
    name: str
    check: Callable[[Evidence], Verdict]


HOURS = "business hours"
GATES = (
    Gate("kill switch", _kill_switch),
    Gate("policy", _mode),
    Gate("channel", _channel),
    Gate("opt-out", _opt_out),
    Gate("bounce", _bounce),
    Gate("automatic reply", _automatic_reply),
    Gate("suspicion", _suspected),
    Gate("tag decided", _decided),
    Gate("tag eligible", _tag),
    Gate("newest message", _unchanged),
    Gate("nothing since", _nothing_since),
    Gate("one in a row", _one_in_a_row),
    Gate("loop guard", _loop),
    Gate("topics", _topics),
    Gate("speaks to a machine", _speaks_to_a_machine),
    Gate("verified", _verified),
    Gate("evaluator", _evaluator),
    Gate("confidence", _confidence),
    Gate("daily cap", _cap),
    Gate(HOURS, _hours),
)


def judge(
    draft: Draft, *, stage: str, planned_at: datetime, policy: SendingPolicy | None = None
) -> list[GateResult]:
    """Ask every gate about `draft` and keep the verdicts of this stage. `planned_at`: aware datetime of the send."""
    policy = policy or policies.of(draft.workspace, draft.trigger_message.campaign or draft.lead.campaign)
    evidence = Evidence(draft, policy, stage, planned_at)
    now = timezone.now()
    results = []
    for position, gate in enumerate(GATES):
        verdict = gate.check(evidence)
        results.append(
            GateResult(
                workspace_id=draft.workspace_id,
                draft=draft,
                stage=stage,
                gate=gate.name,
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
    """The gates that said no."""
    return [result for result in results if not result.passed]
