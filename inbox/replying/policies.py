"""Finds the sending policy for an answer."""

from inbox.models import Campaign, SendingPolicy, Workspace


def of(workspace: Workspace, campaign: Campaign | None) -> SendingPolicy:
    """The sending policy of the campaign, or of the workspace, or an unsaved policy that is switched off."""
    rows = SendingPolicy.objects.filter(workspace=workspace, campaign__in=[campaign] if campaign else [])
    default = SendingPolicy.objects.filter(workspace=workspace, campaign=None)
    return rows.first() or default.first() or SendingPolicy(workspace=workspace, campaign=campaign)
