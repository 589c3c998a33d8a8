"""The log of recent changes of leads, by which open pages detect news."""

from django.db import models
from django.db.models.functions import Now


class LeadChange(models.Model):
    """A transaction changed data of a lead that pages show. Database triggers add the rows for every writer
    (inbox/sql/follow_leads.sql). A row is never updated, so no transaction waits for another.

    `xid` is the number of the transaction. A reader that keeps a snapshot of the database (`pg_current_snapshot()`)
    finds exactly the changes that the snapshot did not include, in any order of commits. Rows are deleted after an
    hour.
    """

    pk = models.CompositePrimaryKey("workspace_id", "xid", "lead_id")
    workspace_id = models.UUIDField()
    xid = models.BigIntegerField()
    lead_id = models.UUIDField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.xid}"
