"""The model of a person's sessions, and a function that ends them."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Now

from jobs.columns import Row


class BrowserSession(Row):
    """A session with the details by which its owner recognises it: browser, address and last use. The database deletes
    the row with the session and with the user.
    """

    session = models.OneToOneField(Session, on_delete=models.DO_NOTHING, db_constraint=False)
    user = models.ForeignKey("inbox.User", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    browser = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_used_at"]

    def __str__(self) -> str:
        return f"{self.browser}, {self.address}"


def end_sessions(user_id: int, *, but: str | None = None) -> int:
    """Ends all sessions of a user except the session with the key `but`, and returns how many it ended. Reads all of
    Django's sessions, because a session that has not been used since the upgrade has no BrowserSession.
    """
    running = Session.objects.filter(expire_date__gt=Now()).exclude(pk=but)
    keys = [row.pk for row in running if row.get_decoded().get(SESSION_KEY) == str(user_id)]
    return Session.objects.filter(pk__in=keys).delete()[0]
