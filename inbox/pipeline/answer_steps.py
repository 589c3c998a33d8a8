"""The pipeline's steps for an answer: they write it, have the gates judge it, and show it to the reviewers."""

from typing import Any

from inbox.models import Draft, SendingPolicy
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import autosend, drafting, slack_cards
from jobs.deadline import Deadline


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
        raise NotNow("It goes out automatically.")
    slack_cards.ask(draft)
    return {"draft": str(draft.pk)}


def _draft(situation: Situation) -> Draft:
    if situation.draft is None:
        raise NotNow("It has no draft.")
    return situation.draft
