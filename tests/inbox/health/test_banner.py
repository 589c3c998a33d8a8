"""The banner: worst first, words for people, gone on proof, hidden for one person only."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from inbox.health import banner, uptime
from integrations import registry
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import Integration
from tests.factories import make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    writer.forget_successes()
    return make_workspace(name="Acme")


@pytest.fixture
def linkedin(workspace):
    return Integration.objects.create(workspace=workspace, provider="unipile", name="Jane Doe")


def page_of(client, workspace, role="admin") -> str:
    client.force_login(make_member(workspace, role=role))
    return client.get(reverse("inbox:list", args=[workspace.pk])).content.decode()


def test_admins_see_state_name_since_and_effect_with_actions(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    page = page_of(client, workspace)
    assert "LinkedIn is disconnected for Jane Doe (Acme)" in page
    assert "New LinkedIn messages aren’t arriving" in page
    assert "Reconnect" in page and "Check now" in page and "Hide for 4 hours" in page


def test_members_see_one_grey_line_without_actions(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    page = page_of(client, workspace, role="member")
    assert "LinkedIn is disconnected" in page
    assert "Reconnect" not in page and 'class="banner" data-tone' not in page


def test_the_worst_comes_first_and_the_rest_is_a_number(client, workspace, linkedin):
    mail = Integration.objects.create(workspace=workspace, provider="emailbison")
    writer.record(mail, Signal(SignalKind.SLOWED), at=timezone.now() - timedelta(hours=2))
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    page = page_of(client, workspace)
    assert "LinkedIn is disconnected" in page and "+1 more" in page
    assert "EmailBison has slowed" not in page


def test_another_workspace_s_trouble_is_not_shown(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    assert "disconnected" not in page_of(client, make_workspace(name="Other"))


def test_hiding_is_for_one_person_and_ends_with_a_new_state(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    page_of(client, workspace)
    hide = reverse("inbox:health-account", args=[workspace.pk, linkedin.pk])
    client.post(hide, {"do": "hide"})
    inbox = reverse("inbox:list", args=[workspace.pk])
    assert "disconnected for" not in client.get(inbox).content.decode()
    assert "disconnected for" in page_of(client, workspace)  # somebody else
    writer.record(linkedin, Signal(SignalKind.WORKED))
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    assert "disconnected for" in client.get(inbox).content.decode()


def test_recovery_says_how_long_it_was_down(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED), at=timezone.now() - timedelta(hours=3, minutes=2))
    writer.record(linkedin, Signal(SignalKind.WORKED))
    page = page_of(client, workspace)
    assert "LinkedIn is back for Jane Doe (Acme)" in page and "down for 3 h 2 min" in page


@pytest.mark.parametrize("role", ["admin", "member"])
def test_a_recovery_can_be_closed_and_goes_after_five_minutes(client, workspace, linkedin, role):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    writer.record(linkedin, Signal(SignalKind.WORKED))
    assert "LinkedIn is back" in page_of(client, workspace, role) and ">Close<" in page_of(
        client, workspace, role
    )
    close = reverse("inbox:health-account", args=[workspace.pk, linkedin.pk])
    assert client.post(close, {"do": "hide"}).status_code == 302
    inbox = reverse("inbox:list", args=[workspace.pk])
    assert "LinkedIn is back" not in client.get(inbox).content.decode()
    assert "LinkedIn is back" in page_of(client, workspace, role)  # somebody else
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert "LinkedIn is back" not in client.get(inbox).content.decode()


def test_a_member_only_closes(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    page_of(client, workspace, "member")
    act = reverse("inbox:health-account", args=[workspace.pk, linkedin.pk])
    assert {do: client.post(act, {"do": do}).status_code for do in ("check", "mute", "owner-link")} == {
        "check": 403, "mute": 403, "owner-link": 403,
    }  # fmt: skip


def test_of_several_that_are_back_one_that_brought_messages_stands_first(client, workspace, linkedin):
    slack = Integration.objects.create(workspace=workspace, provider="slack")
    for account in (linkedin, slack):
        writer.record(account, Signal(SignalKind.REFUSED))
    for account in (linkedin, slack):
        writer.record(account, Signal(SignalKind.WORKED))
    page = page_of(client, workspace)
    assert "LinkedIn is back for Jane Doe (Acme)" in page and "+1 more" in page


def test_hiding_lasts_four_hours(client, workspace, linkedin):
    with time_machine.travel("2026-03-02T09:00:00Z", tick=False) as clock:
        writer.record(linkedin, Signal(SignalKind.REFUSED))
        page_of(client, workspace)
        client.post(reverse("inbox:health-account", args=[workspace.pk, linkedin.pk]), {"do": "hide"})
        inbox = reverse("inbox:list", args=[workspace.pk])
        clock.shift(timedelta(hours=3, minutes=59))
        assert "disconnected for" not in client.get(inbox).content.decode()
        clock.shift(timedelta(minutes=2))
        assert "disconnected for" in client.get(inbox).content.decode()


@pytest.mark.parametrize("provider", registry.specs())
def test_every_provider_s_outage_says_what_does_not_happen(workspace, provider):
    account = Integration.objects.create(workspace=workspace, provider=provider)
    writer.record(account, Signal(SignalKind.REFUSED))
    said = banner.line(writer.row(account), workspace).effect
    assert re.search(r"aren’t (arriving|looked up|tagged)|can’t be read|Nothing reaches Slack", said)


def test_drops_are_folded_into_one_sentence(client, workspace, linkedin):
    for _ in range(3):
        writer.record(linkedin, Signal(SignalKind.REFUSED))
        writer.record(linkedin, Signal(SignalKind.WORKED))
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    assert "Unstable, 4 drops since " in page_of(client, workspace)


def test_a_member_may_not_act(client, workspace, linkedin):
    client.force_login(make_member(workspace, role="member"))
    response = client.post(reverse("inbox:health-account", args=[workspace.pk, linkedin.pk]), {"do": "check"})
    assert response.status_code == 403


def test_another_workspace_s_account_is_not_found(client, workspace, linkedin):
    other = make_workspace()
    client.force_login(make_member(other, role="owner"))
    response = client.post(reverse("inbox:health-account", args=[other.pk, linkedin.pk]), {"do": "check"})
    assert response.status_code == 404


def test_the_page_of_a_workspace_without_accounts_says_so(client, workspace):
    client.force_login(make_member(workspace, role="viewer"))
    page = client.get(reverse("inbox:health", args=[workspace.pk])).content.decode()
    assert "No accounts in use yet" in page


def test_a_blip_counts_as_a_minute_in_the_banner_and_in_the_strip(client, workspace, linkedin):
    at = timezone.now() - timedelta(seconds=2)
    writer.record(linkedin, Signal(SignalKind.REFUSED), at=at)
    writer.record(linkedin, Signal(SignalKind.WORKED), at=at + timedelta(milliseconds=400))
    assert "The account was down for 1 min" in page_of(client, workspace)
    assert (
        uptime.account(linkedin.health, list(linkedin.health.transitions.all())).strip[-1].word
        == "down 1 min"
    )


def test_the_page_shows_each_account_with_its_history(client, workspace, linkedin):
    writer.record(
        linkedin,
        Signal(SignalKind.REFUSED, "errors/expired_credentials"),
        at=timezone.now() - timedelta(hours=5),
    )
    writer.record(linkedin, Signal(SignalKind.WORKED))
    client.force_login(make_member(workspace, role="viewer"))
    page = client.get(reverse("inbox:health", args=[workspace.pk])).content.decode()
    assert re.search(r"LinkedIn for Jane Doe: [\d.]+% up in \d+ (days|h)", page)
    assert "errors/expired_credentials" in page and 'data-label="Duration">5 h</td>' in page


def test_the_health_page_lists_the_worst_account_first_in_one_line_each(client, workspace, linkedin):
    Integration.objects.bulk_create(
        Integration(workspace=workspace, provider=provider)
        for provider in ("calendly", "emailbison", "slack")
    )
    calendar, mail, slack = (
        Integration.objects.filter(workspace=workspace).exclude(pk=linkedin.pk).order_by("provider")
    )
    writer.record(calendar, Signal(SignalKind.WORKED))
    writer.record(mail, Signal(SignalKind.SLOWED))
    writer.record(slack, Signal(SignalKind.WORKED))
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    client.force_login(make_member(workspace, role="admin"))
    page = client.get(reverse("inbox:health", args=[workspace.pk])).content.decode()
    assert re.findall(r'<b class="name">(.*?)</b>', page) == [
        "LinkedIn for Jane Doe",
        "EmailBison",
        "Calendly",
        "Slack",
    ]
    assert re.findall(r"</svg> (\d (?:down|with problems|healthy))</span>", page) == [
        "1 down",
        "1 with problems",
        "2 healthy",
    ]
    shares = re.findall(r'<span class="up">(.*?)</span>', page)
    assert re.fullmatch(r"[\d.]+% up in 1 min", shares[0]), "one number with its span"
    assert shares[1:] == ["100% up in 1 min"] * 3


def test_an_open_page_is_told_when_the_banner_changes_and_only_then(client, workspace, linkedin):
    client.force_login(make_member(workspace, role="admin"))
    url = reverse("inbox:banner", args=[workspace.pk])
    assert client.get(url, {"seen": ""}).status_code == 204
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    fragment = client.get(
        url, {"seen": ""}, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/w/x/"}
    )
    assert (
        b"LinkedIn is disconnected" in fragment.content and b'name="next" value="/w/x/"' in fragment.content
    )
    seen = re.search(r"\?seen=([^\"]+)", fragment.content.decode())[1]
    assert client.get(url, {"seen": seen}).status_code == 204
    writer.record(linkedin, Signal(SignalKind.WORKED))
    assert b"LinkedIn is back" in client.get(url, {"seen": seen}).content


def test_a_refused_key_asks_for_a_new_one_and_not_for_a_reconnect(client, workspace):
    mail = Integration.objects.create(workspace=workspace, provider="emailbison")
    writer.record(mail, Signal(SignalKind.REFUSED, "invalid_key"))
    page = page_of(client, workspace)
    assert "Enter new key" in page and ">Reconnect<" not in page


def test_what_was_missed_is_not_called_nothing_before_it_was_fetched(client, workspace, linkedin):
    writer.record(linkedin, Signal(SignalKind.REFUSED))
    writer.record(linkedin, Signal(SignalKind.WORKED))
    assert "missed messages are being fetched" in page_of(client, workspace)
