"""What does the reply say? Rules have spoken when it came; what they leave open is read by the model."""

from typing import Any

from inbox import asking, prompts, thread
from inbox.leads import said
from inbox.models import TagDecision
from inbox.pipeline import tagging
from inbox.pipeline.situation import Situation
from inbox.understanding import machine_talk, model
from jobs.deadline import Deadline


def keep_rules(situation: Situation, _deadline: Deadline) -> dict[str, Any] | None:
    """Keep the rule's or the provider's decision as a row."""
    decision = tagging.record_rules(situation.message)
    return {"tag": decision.tag, "by": decision.by} if decision else None


def read(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Ask the model for the tag and apply it, as far as it is borne out by the person's own words."""
    message = situation.message
    prompt = prompts.load("tag")
    by = f"{said.MODEL} {prompt.model}, prompt {prompt.version}"
    known = TagDecision.objects.filter(message=message, kind=TagDecision.Kind.MODEL, by=by).first()
    if known is not None:
        return {"tag": known.tag, "by": by, "confidence": known.confidence}
    judgement = _ask(situation, prompt, deadline)
    decision = tagging.apply_model(message, judgement, by=by)
    return {"tag": decision.tag, "by": by, "confidence": decision.confidence}


def _ask(situation: Situation, prompt: prompts.Prompt, deadline: Deadline) -> model.Judgement:
    message = situation.message
    words = machine_talk.without(message.text)
    if not words.strip():
        return model.undecided("It says nothing but what it tells a machine to do.")
    try:
        reading = asking.ask(
            prompt,
            model.Reading,
            thread.for_reading(message, situation.zone),
            workspace_id=message.workspace_id,
            deadline=deadline,
        )
    except asking.Refused:
        return model.undecided("The model refuses to read it.")
    booked = situation.lead.booked_at is not None
    return model.judge(reading, words, booked=booked) or model.undecided(
        "What the model gave as evidence is not in the reply."
    )
