"""Which policy counts for an answer: the campaign's own, else the workspace's, else that nothing goes out by itself."""

from inbox.models import Campaign, SendingPolicy, Workspace


def of(workspace: Workspace, campaign: Campaign | None) -> SendingPolicy:
    """The policy in force; an unsaved one, switched off, where nobody has set any."""
    rows = SendingPolicy.objects.filter(workspace=workspace, campaign__in=[campaign] if campaign else [])
    default = SendingPolicy.objects.filter(workspace=workspace, campaign=None)
    return rows.first() or default.first() or SendingPolicy(workspace=workspace, campaign=campaign)
