"""The model of an operator's access to the texts of a workspace whose member the operator is not."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from inbox.models.workspace import User, Workspace
from jobs.columns import check, index

LASTS = timedelta(hours=1)


class TextAccess(models.Model):
    """An operator's permission to read texts of a workspace, with a reason, for at most an hour.

    The database refuses to change or delete a row while its workspace exists.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="text_accesses")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "access to texts", "accesses to texts"
        permissions = [("open_text", "Can read any workspace's texts, for a stated reason")]
        constraints = [
            check("text_access_has_a_reason", ~Q(reason="")),
            check("text_access_is_short", Q(expires_at__lte=F("created_at") + LASTS)),
        ]
        indexes = [
            index("text_access_standing", "user", "workspace", "-expires_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace} until {self.expires_at:%Y-%m-%d %H:%M}"
