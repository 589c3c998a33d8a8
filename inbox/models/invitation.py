"""The model of an invitation to join a workspace."""

from django.db import models
from django.db.models import Q

from inbox.models.workspace import Membership, User, Workspace
from jobs.columns import index, unique


class Invitation(models.Model):
    """An email address that was invited to a workspace. The invitation alone gives no access.

    A person who accepts gets a membership. The table is separate, so that no code treats an invited person as a member.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("email address", help_text="In lower case, like the address of an account.")
    role = models.CharField(max_length=8, choices=Membership.Role.choices)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(help_text="When its last email was queued.")
    mails = models.PositiveSmallIntegerField(default=1)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [unique("invitation_open_once", "workspace", "email", where=Q(state="open"))]
        indexes = [index("invitation_open_by_email", "email", where=Q(state="open"))]

    def __str__(self) -> str:
        return f"Invitation {self.pk} to {self.workspace}: {self.get_role_display()}"
