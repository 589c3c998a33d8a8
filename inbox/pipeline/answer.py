"""The pipeline's steps for an answer: write it, have the gates judge it, and show it to the reviewers."""

from typing import Any

from inbox.models import Draft, SendingPolicy
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import autosend, drafting, slack_cards
from jobs.deadline import Deadline


def draft(situation: Situation, deadline: Deadline) -> dict[str, Any]:
    """The pipeline's step that has the model draft an answer to the reply, and stores it. A draft that an earlier
    attempt stored is kept. Returns the draft's id.

    Raises NotNow if a newer reply or an answer of ours came while it was written.
    """
    if situation.draft is not None:
        return {"draft": str(situation.draft.pk)}
    written = drafting.write(situation.message, deadline)
    stored = drafting.keep(situation.message, written)
    if stored is None:
        raise NotNow("A newer reply, or an answer of ours, came while it was written.")
    return {"draft": str(stored.pk), "problems": len(written.problems), "revised": written.revised}


def judge(situation: Situation, deadline: Deadline) -> dict[str, str]:
    """The pipeline's step that has a model evaluate the draft, and then asks the gates (checks) whether it may go out
    without a person. Returns the outcome.

    Raises NotNow if there is no draft, or if the workspace's policy lets nothing go out by itself.
    """
    draft, policy = _draft(situation), situation.policy
    if policy.mode == SendingPolicy.Mode.OFF:
        raise NotNow("Nothing goes out by itself here.")
    if not draft.evaluation:
        autosend.evaluate(draft, situation.message, deadline)
    return {"outcome": autosend.judge(draft, policy)}


def ask_for_review(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """The pipeline's step that enqueues posting the draft to reviewers in Slack. Returns the draft's id. Raises NotNow
    if there is no draft, or if the draft goes out by itself.
    """
    draft = _draft(situation)
    if draft.send_at is not None:
        raise NotNow("It goes out by itself.")
    slack_cards.ask(draft)
    return {"draft": str(draft.pk)}


def _draft(situation: Situation) -> Draft:
    if situation.draft is None:
        raise NotNow("No draft answers it.")
    return situation.draft
