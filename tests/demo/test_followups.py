"""The demo's follow-ups: something of everything on the page, made once, worked by the ordinary clockwork."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from demo import followups
from inbox.followups import lists, responses
from inbox.models import FollowUpInstance, FollowUpTask, Lead
from tests.inbox.followups.helpers import minute, statuses

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_shows_something_of_everything(world):
    workspace = world.workspace
    world.connect("ghl", "LocNorthwind01", api_key="key-ghl")
    world.connect("unipile", "acc-1", api_key="key-unipile")
    followups.seed(workspace)
    followups.seed(workspace)
    assert Lead.objects.count() == len(followups.LEADS)
    FollowUpInstance.objects.filter(due_at__lt=timezone.now() + timedelta(minutes=1)).update(
        due_at=F("due_at") - timedelta(minutes=2)
    )
    assert lists.counts(workspace)["due"] == 5 and lists.counts(workspace)["excluded"] == 1
    minute()
    counts = lists.counts(workspace)
    assert {name for name, count in counts.items() if not count} == {"due", "in-hand", "failed"}
    assert counts["approval"] == counts["skipped"] == 1 and counts["paused"] == 4
    henry = FollowUpInstance.objects.get(lead__first_name="Henry")
    assert statuses(henry)[1] == ("skipped", "No phone number.")
    assert len(world.posted()) == 2
    met = {
        name: sum(row[name] for row in responses.effectiveness(workspace.pk))
        for name in ("converted", "objection")
    }
    assert met == {"converted": 1, "objection": 1} and responses.objections(workspace.pk).get().answer


def test_what_the_past_holds_is_not_sent_again(world):
    followups.seed(world.workspace)
    FollowUpInstance.objects.update(status="active", paused_for="", due_at=timezone.now())
    before = set(FollowUpTask.objects.filter(status="sent").values_list("pk", "attempt"))
    minute()
    assert before <= set(FollowUpTask.objects.filter(status="sent").values_list("pk", "attempt"))
