"""The pipeline's steps for an answer: they tag the reply, draft an answer, have it judged, and ask for its review."""

from typing import Any

from django.db import transaction

from inbox.intake import tag_decisions
from inbox.leads import labels, provider_tags
from inbox.models import Draft, SendingPolicy, TagDecision
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import autosend, drafting, prompts, slack_cards
from inbox.replying.prompts import model_calls, tag_answer, thread
from jobs.deadline import Deadline


def keep_rules(situation: Situation, _deadline: Deadline) -> dict[str, Any] | None:
    """Stores the tag that a rule or the provider gave to the reply as a decision. Returns None if neither gave one."""
    decision = tag_decisions.record_rules(situation.message)
    return {"tag": decision.tag, "by": decision.by} if decision else None


def read(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Asks the model for the reply's tag, once per prompt version. Words of the reply must prove the model's answer."""
    message = situation.message
    prompt = prompts.load("tag")
    by = f"{provider_tags.MODEL} {prompt.model}, prompt {prompt.version}"
    earlier = TagDecision.objects.filter(message=message, kind=TagDecision.Kind.MODEL, by=by).first()
    if earlier is not None:
        return {"tag": earlier.tag, "by": by}
    judgement, fits = _ask(situation, prompt, deadline)
    with transaction.atomic():
        labels.suggest(message.lead, fits, by=by)  # comes before anything that locks the lead
        decision = tag_decisions.apply_model(message, judgement, by=by)
    return {"tag": decision.tag, "by": by}


def _ask(
    situation: Situation, prompt: prompts.Prompt, deadline: Deadline
) -> tuple[tag_answer.Judgement, dict[str, str]]:
    """Returns the part of the model's answer that the reply proves, and the suggested labels with their reasons."""
    message = situation.message
    meanings = labels.meanings(message.workspace_id)
    try:
        reading = model_calls.ask(
            prompt,
            tag_answer.LabelledReading if meanings else tag_answer.Reading,
            thread.for_reading(message, situation.zone, meanings),
            workspace_id=message.workspace_id,
            deadline=deadline,
        )
    except model_calls.TextRefused:
        return tag_answer.undecided("The model refused to read this reply."), {}
    booked = situation.lead.booked_at is not None
    judgement = tag_answer.judge(reading, message.text, booked=booked)
    if judgement is None:
        return tag_answer.undecided("The model quoted evidence that isn’t in the reply."), {}
    return judgement, tag_answer.fitting(reading, meanings)


def draft(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Has the model draft an answer, unless an earlier attempt did. Raises NotNow if a newer message has arrived."""
    if situation.draft is not None:
        return {"draft": str(situation.draft.pk)}
    written = drafting.write(situation.message, deadline)
    stored = drafting.keep(situation.message, written)
    if stored is None:
        raise NotNow("A newer reply or answer arrived while the draft was being written.")
    return {"draft": str(stored.pk), "problems": len(written.problems), "revised": written.revised}


def judge(situation: Situation, deadline: Deadline) -> dict[str, str]:
    """Has a model evaluate the draft, then asks the gates. Raises NotNow without a draft, or if the policy is off."""
    draft, policy = _draft(situation), situation.policy
    if policy.mode == SendingPolicy.Mode.OFF:
        raise NotNow("Automatic answers are off.")
    if not draft.evaluation:
        autosend.evaluate(draft, situation.message, deadline)
    return {"outcome": autosend.judge(draft, policy)}


def ask_for_review(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Enqueues a Slack message about the draft. Raises NotNow without a draft, or if it goes out automatically."""
    draft = _draft(situation)
    if draft.send_at is not None:
        raise NotNow("The draft goes out automatically.")
    slack_cards.ask(draft)
    return {"draft": str(draft.pk)}


def _draft(situation: Situation) -> Draft:
    if situation.draft is None:
        raise NotNow("This reply has no draft.")
    return situation.draft
