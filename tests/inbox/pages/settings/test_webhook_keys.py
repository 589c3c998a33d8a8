"""Webhook keys on the settings page: masked, shown on request, rotated with an overlap."""

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry
from integrations.models import WebhookKey
from tests.factories import lose_key, make_integration


@pytest.fixture
def key(workspace):
    return WebhookKey.issue(make_integration(workspace))


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


def test_page_shows_the_end_of_a_key_and_its_last_use_only(people, key, url):
    page = people.owner.get(url("integrations"))
    text = page.content.decode()
    assert key.secret not in text and f"••••{key.secret[-4:]}" in text
    assert "Not used yet" in text
    WebhookKey.objects.update(last_used_at=timezone.now())
    assert "Last used" in people.owner.get(url("integrations")).content.decode()


def test_admin_may_see_the_whole_address_and_that_is_recorded(people, key, url):
    page = people.owner.post(url("key-show", key.pk))
    assert f"/api/webhooks/email/{key.secret}/" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert AuditEntry.objects.get().action == "webhook_key.shown"


def test_rotation_keeps_the_old_key_for_the_overlap(people, key, url):
    people.owner.post(url("key-rotate", key.integration_id), {"overlap": "24"})
    old, new = WebhookKey.objects.get(pk=key.pk), WebhookKey.objects.exclude(pk=key.pk).get()
    hours = (old.expires_at - timezone.now()).total_seconds() / 3600
    assert 23.9 < hours <= 24 and new.expires_at is None
    text = people.owner.get(url("integrations")).content.decode()
    assert f"••••{old.secret[-4:]}" in text and f"••••{new.secret[-4:]}" in text
    assert AuditEntry.objects.get().data == {"overlap_hours": 24}


def test_rotation_at_once_ends_the_old_key(people, key, url):
    people.owner.post(url("key-rotate", key.integration_id), {"overlap": "0"})
    assert key not in WebhookKey.objects.usable()


def test_overlap_is_ended_now_but_never_the_key_in_force(people, key, url):
    people.owner.post(url("key-rotate", key.integration_id), {"overlap": "24"})
    new = WebhookKey.objects.exclude(pk=key.pk).get()
    assert "Expire now" in people.owner.get(url("integrations")).content.decode()
    people.owner.post(url("key-end", key.pk))
    people.owner.post(url("key-end", new.pk))
    assert list(WebhookKey.objects.usable()) == [new]
    assert AuditEntry.objects.filter(action="webhook_key.ended").count() == 1


@pytest.mark.parametrize("overlap", ["", "169", "-1", "x"])
def test_unknown_overlap_rotates_nothing(people, key, url, overlap):
    people.owner.post(url("key-rotate", key.integration_id), {"overlap": overlap})
    assert WebhookKey.objects.get() == key


def test_member_neither_sees_nor_rotates(people, key, url):
    assert people.member.post(url("key-show", key.pk)).status_code == 403
    assert people.member.post(url("key-rotate", key.integration_id), {"overlap": "0"}).status_code == 403


def test_a_key_that_cannot_be_read_is_not_shown_goes_on_to_work_and_can_be_rotated(people, key, url, client):
    address = f"/api/webhooks/email/{key.secret}/"
    lose_key(key)
    assert "Rotate it to get a new one" in people.owner.get(url("integrations")).content.decode()
    shown = people.owner.post(url("key-show", key.pk), follow=True)
    assert "This URL still works" in shown.content.decode()
    assert not AuditEntry.objects.filter(action="webhook_key.shown").exists()
    assert client.get(address).status_code == 200
    people.owner.post(url("key-rotate", key.integration_id), {"overlap": "24"})
    new = WebhookKey.objects.exclude(pk=key.pk).get()
    assert f"••••{new.secret[-4:]}" in people.owner.get(url("integrations")).content.decode()
