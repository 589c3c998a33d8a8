"""The answer: written, judged by the gates, and shown to whoever reviews."""

from typing import Any

from inbox.models import SendingPolicy
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import autosend, cards, drafting
from jobs.deadline import Deadline


def draft(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """Write the draft that answers the message; an earlier attempt may have done so."""
    if situation.draft is not None:
        return {"draft": str(situation.draft.pk)}
    written = drafting.write(situation.message, deadline)
    kept = drafting.keep(situation.message, written)
    if kept is None:
        raise NotNow("A newer reply, or an answer of ours, came while it was written.")
    return {"draft": str(kept.pk), "problems": len(written.problems), "revised": written.revised}


def judge(situation: Situation, deadline: Deadline) -> dict[str, str]:
    """Ask the evaluating model and then the gates, where the policy is not off."""
    draft, policy = situation.draft, situation.policy
    if policy.mode == SendingPolicy.Mode.OFF:
        raise NotNow("Nothing goes out by itself here.")
    if not draft.evaluation:
        autosend.evaluate(draft, situation.message, deadline)
    return {"outcome": autosend.judge(draft, policy)}


def ask_for_review(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Have the review card posted where the workspace's reviewers look; not for what goes out by itself."""
    if situation.draft.send_at is not None:
        raise NotNow("It goes out by itself.")
    cards.ask(situation.draft)
    return {"draft": str(situation.draft.pk)}
