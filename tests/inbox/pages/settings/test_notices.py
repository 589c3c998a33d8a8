"""Which notices go where: what the page says, and that each way can be tried."""

import pytest
from django.core import mail
from django.urls import reverse

from inbox.models import Membership
from integrations.models import Notice
from tests import factories

CHANNELS = {"channel": "C0SANDBOX01", "replies_channel": "C0SANDBOX02", "review_channel": "C0SANDBOX03"}


@pytest.fixture
def admin(world):
    world.client.force_login(factories.make_member(world.workspace, Membership.Role.ADMIN))
    return world


def page(admin) -> str:
    return admin.client.get(reverse("inbox:notices", args=[admin.workspace.pk])).content.decode()


def attempt(admin, kind: str):
    path = reverse("inbox:notice-try", args=[admin.workspace.pk, kind])
    return admin.client.post(path, follow=True)


def test_each_kind_of_notice_is_tried_in_its_own_channel(admin):
    slack = admin.connect("slack", bot_token="xoxb-test")
    slack.config = {"base_url": f"{admin.sandbox.url('slack')}/api"} | CHANNELS
    slack.save()
    assert all(f"<code>{channel}</code>" in page(admin) for channel in CHANNELS.values())
    assert page(admin).count("Never tested") == 3
    for kind in ("accounts", "replies", "reviews"):
        assert "Your test notification is on its way." in attempt(admin, kind).content.decode()
    admin.work()

    sent = {one.kind: (one.state, one.destination) for one in Notice.objects.all()}
    assert sent == {
        "trial": ("sent", "C0SANDBOX01"),
        "trial-replies": ("sent", "C0SANDBOX02"),
        "trial-reviews": ("sent", "C0SANDBOX03"),
    }
    assert "Never tested" not in page(admin)


def test_an_incoming_webhook_has_one_channel_and_shows_no_drafts(admin):
    slack = admin.connect("slack", webhook_url=f"{admin.sandbox.url('slack')}/services/T/B")
    slack.config = {"replies_channel": "C0SANDBOX02", "review_channel": "C0SANDBOX03"}
    slack.save()
    assert page(admin).count("the incoming webhook’s channel") == 2
    assert "Only in Holdfast" in page(admin) and "C0SANDBOX0" not in page(admin)
    assert "choose its channel" in attempt(admin, "reviews").content.decode()


def test_without_slack_only_broken_accounts_are_told_by_mail(admin):
    assert "Email to owners and admins" in page(admin) and "No one yet. No Slack channel is set" in page(
        admin
    )
    assert "There’s nowhere to send notifications" in attempt(admin, "replies").content.decode()
    attempt(admin, "accounts")
    admin.work()
    assert len(mail.outbox) == 1 and attempt(admin, "nothing").status_code == 404


def test_only_admins_see_and_change_it(people, workspace):
    ways = reverse("inbox:notices", args=[workspace.pk])
    assert people.owner.get(ways).status_code == 200
    for client in (people.member, people.viewer):
        assert client.get(ways).status_code == 403
        assert client.post(reverse("inbox:notice-try", args=[workspace.pk, "accounts"])).status_code == 403
        assert client.post(reverse("inbox:rule-notices", args=[workspace.pk])).status_code == 403
    assert people.outsider.get(ways).status_code == 404
    assert people.viewer.get(reverse("inbox:rules", args=[workspace.pk])).status_code == 200
