"""Finds the sending policy for an answer: the campaign's, else the workspace's, else one that is switched off."""

from inbox.models import Campaign, SendingPolicy, Workspace


def of(workspace: Workspace, campaign: Campaign | None) -> SendingPolicy:
    """The sending policy (whether answers may go out without a person) for a reply to `campaign`: the campaign's, else
    the workspace's. If none is stored, an unsaved one that is switched off.
    """
    rows = SendingPolicy.objects.filter(workspace=workspace, campaign__in=[campaign] if campaign else [])
    default = SendingPolicy.objects.filter(workspace=workspace, campaign=None)
    return rows.first() or default.first() or SendingPolicy(workspace=workspace, campaign=campaign)
