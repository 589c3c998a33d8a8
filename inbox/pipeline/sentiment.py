"""What does the reply say? Rules have spoken when it came; what they leave open is read by the model."""

from typing import Any

from inbox import asking, prompts, thread
from inbox.pipeline import tagging
from inbox.pipeline.situation import NotNow, Situation
from inbox.understanding import model
from jobs.deadline import Deadline


def keep_rules(situation: Situation, _deadline: Deadline) -> dict[str, Any] | None:
    """Keep the rule's or the provider's decision as a row."""
    decision = tagging.record_rules(situation.message)
    return {"tag": decision.tag, "by": decision.by} if decision else None


def read(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Ask the model for the tag and apply it, as far as it is borne out by the person's own words."""
    message = situation.message
    prompt = prompts.load("tag")
    reading = asking.ask(
        prompt,
        model.Reading,
        thread.for_reading(message, situation.zone),
        workspace_id=message.workspace_id,
        deadline=deadline,
    )
    judgement = model.judge(reading, message.text, booked=situation.lead.booked_at is not None)
    if judgement is None:
        raise NotNow("The model's evidence is not in the reply: a person has to say what it means.")
    decision = tagging.apply_model(message, judgement, by=f"model {prompt.model}, prompt {prompt.version}")
    return {"tag": decision.tag, "by": decision.by, "confidence": decision.confidence}
