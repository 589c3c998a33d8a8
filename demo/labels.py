"""The labels of the demo's workspaces, on leads of the past month."""

from inbox.leads import labels
from inbox.models import Label, Lead, User, Workspace
from inbox.models.lead import Tag

LABELS = (
    ("Wants a trial", Label.Colour.GREEN, "They want to try it before they decide.", Tag.INTERESTED),
    ("Asks for a paper", Label.Colour.BLUE, "They ask for something in writing.", Tag.INFORMATION_REQUESTED),
    ("Other agency", Label.Colour.AMBER, "They have worked with another agency.", Tag.OBJECTION),
)
"""Name, colour, meaning, and the tag of the leads who have it."""


def seed(workspace: Workspace, by: User) -> None:
    """Write the labels of the new demo workspace, and put them on its leads in the name of `by`."""
    for name, colour, meaning, tag in LABELS:
        label = Label(workspace=workspace, name=name, colour=colour, meaning=meaning)
        labels.save(label, by)
        leads = Lead.objects.filter(workspace=workspace, tag=tag).values_list("pk", flat=True)
        labels.decide(workspace, by, leads, label, is_on=True)
