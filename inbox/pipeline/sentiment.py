"""The pipeline's steps that determine the meaning of a reply. The model reads the replies that the rules left open."""

from typing import Any

from inbox.intake import tag_decisions
from inbox.leads import provider_tags
from inbox.models import TagDecision
from inbox.pipeline.situation import Situation
from inbox.replying import prompts
from inbox.replying.prompts import model_calls, tag_answer, thread
from jobs.deadline import Deadline


def keep_rules(situation: Situation, _deadline: Deadline) -> dict[str, Any] | None:
    """Stores the tag that a rule or the provider gave to the reply as a decision; returns None if neither did."""
    decision = tag_decisions.record_rules(situation.message)
    return {"tag": decision.tag, "by": decision.by} if decision else None


def read(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Asks the model for the reply's tag, once per prompt version. The lead's own words must prove the answer."""
    message = situation.message
    prompt = prompts.load("tag")
    by = f"{provider_tags.MODEL} {prompt.model}, prompt {prompt.version}"
    earlier = TagDecision.objects.filter(message=message, kind=TagDecision.Kind.MODEL, by=by).first()
    if earlier is not None:
        return {"tag": earlier.tag, "by": by}
    judgement = _ask(situation, prompt, deadline)
    decision = tag_decisions.apply_model(message, judgement, by=by)
    return {"tag": decision.tag, "by": by}


def _ask(situation: Situation, prompt: prompts.Prompt, deadline: Deadline) -> tag_answer.Judgement:
    message = situation.message
    try:
        reading = model_calls.ask(
            prompt,
            tag_answer.Reading,
            thread.for_reading(message, situation.zone),
            workspace_id=message.workspace_id,
            deadline=deadline,
        )
    except model_calls.TextRefused:
        return tag_answer.undecided("The model refused to read it.")
    booked = situation.lead.booked_at is not None
    return tag_answer.judge(reading, message.text, booked=booked) or tag_answer.undecided(
        "The model quoted evidence that isn’t in the reply."
    )
