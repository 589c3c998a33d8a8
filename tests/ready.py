"""A draft that every gate lets through: tests take one thing away and look which gate says no."""

from inbox.models import Draft, SendingPolicy, TagDecision, Workspace
from tests import factories


def passing_draft(workspace: Workspace | None = None, *, mode: str = "auto", **message) -> Draft:
    """A pending draft with a policy, a decided tag, a clean check and a confident evaluation."""
    workspace = workspace or factories.make_workspace()
    if not SendingPolicy.objects.filter(workspace=workspace, campaign=None).exists():
        factories.make_policy(workspace, mode=mode, business_hours_only=False)
    lead = factories.make_lead(workspace, tag="Interested")
    received = factories.make_message(
        lead, message.pop("text", "Sounds good, tell me more."), tag="Interested", **message
    )
    lead.last_inbound_at = received.sent_at
    lead.save()
    TagDecision.objects.create(
        workspace=workspace,
        lead=lead,
        message=received,
        tag="Interested",
        kind="model",
        by="model test",
    )
    evaluation = {
        "safe_to_send": True,
        "requires_human_review": False,
        "confidence": 0.95,
        "reason": "Clear.",
    }
    return factories.make_draft(
        received,
        "Hi Dana, glad to hear that. What would you like to know first?",
        evaluation=evaluation,
        verification={"problems": [], "revised": False},
        strategy={"needs_human": False, "unknown": [], "goal": "Answer"},
    )
