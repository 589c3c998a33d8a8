"""What the composer of a conversation has beside the text: who gets it, from whom, and times to offer."""

import re

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from inbox.models import OutboundSend
from inbox.replying import slots
from integrations.health import writer
from sandbox import SandboxServer
from tests import factories
from tests.factories import ago

free = slots.next_free


def sheet(client, lead, name: str = "own") -> str:
    """The form of the conversation with this id."""
    page = client.get(f"/w/{lead.workspace_id}/inbox/{lead.pk}/").content.decode()
    return re.search(rf'<form[^>]* id="{name}".*?</form>', page, re.S)[0]


def rows(form: str, channel: str = "email") -> dict[str, str]:
    """Who gets it by `channel`, by the names of the rows."""
    way = re.search(rf'data-way="{channel}".*?</details>', form, re.S)[0]
    found = re.findall(r"<dt>(.+?)</dt><dd>(.*?)</dd>", way, re.S)
    return {name: " ".join(strip_tags(value).split()) for name, value in found}


@pytest.fixture
def message(lead):
    """A mail of a colleague of the lead, with two in copy, of which one is our own mailbox."""
    cc = [{"address": "ben@tidewater.example.com", "name": "Ben"}, {"address": "alex@us.example.com"}]
    return factories.make_message(
        lead, from_address="office@tidewater.example.com", account_address="alex@us.example.com",
        subject="Two chairs", recipients={"cc": cc},
    )  # fmt: skip


@pytest.mark.parametrize("draft", [False, True], ids=["own", "draft"])
def test_who_gets_it_is_who_the_send_goes_to(draft, workspace, member, lead, message):
    factories.make_integration(workspace)
    if draft:
        factories.make_draft(message, subject="Re: Two chairs")
    form = sheet(member, lead, "draft" if draft else "own")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    action = re.search(r'action="([^"]+)"', form)[1]
    member.post(action, fields | {"do": "send", "text": "Hello"})
    send = OutboundSend.objects.get()
    assert rows(form) == {
        "From": "alex@us.example.com",
        "To": send.recipients["to"][0]["address"],
        "Cc": "Ben (ben@tidewater.example.com)",
        "Subject": send.shown_subject,
    }
    assert [one["address"] for one in send.recipients["cc"]] == ["ben@tidewater.example.com"]


def test_what_is_wrong_with_the_account_stands_beside_it(workspace, member, lead, message):
    assert rows(sheet(member, lead))["From"] == "EmailBison isn’t connected."
    account = factories.make_integration(workspace, name="")
    assert rows(sheet(member, lead))["From"] == "alex@us.example.com"
    writer.lose_mailbox(account, "bo@us.example.com", at=ago(minutes=2))
    assert rows(sheet(member, lead))["From"] == "alex@us.example.com"
    writer.lose_mailbox(account, "alex@us.example.com", at=ago(minutes=1))
    assert "is disconnected. Messages wait" in rows(sheet(member, lead))["From"]
    type(account).objects.update(enabled=False)
    assert "is off. Turn it on" in rows(sheet(member, lead))["From"]


def test_each_channel_says_who_gets_it(workspace, member, lead, message):
    factories.make_integration(workspace)
    factories.make_integration(workspace, "ghl", name="")
    type(lead).objects.update(phone="+15555550131")
    assert rows(sheet(member, lead), "sms") == {"From": "GoHighLevel SMS", "To": "+15555550131"}
    factories.make_draft(message)
    assert rows(sheet(member, lead), "sms") == {"From": "GoHighLevel SMS", "To": "+15555550131"}


def test_a_draft_answers_the_message_that_it_was_written_for(workspace, member, lead, message):
    factories.make_integration(workspace)
    factories.make_draft(message, subject="Re: Two chairs")
    factories.make_message(lead, from_address="other@tidewater.example.com")
    assert rows(sheet(member, lead, "draft"))["To"] == "office@tidewater.example.com"


@pytest.fixture
def calendar(workspace):
    """GoHighLevel in a sandbox, with a calendar that has free times."""
    with SandboxServer() as server:
        config = {"base_url": server.url("ghl"), "calendar_id": "cal-1"}
        yield factories.make_integration(workspace, "ghl", config=config, external_account_id="loc-1")


def times(client, lead) -> tuple[list[str], str]:
    """The times that the menu offers, and what it says of them."""
    shown = client.get(reverse("inbox:lead-times", args=[lead.workspace_id, lead.pk])).context["times"]
    return shown.words, shown.said


@pytest.mark.django_db(transaction=True)
def test_free_times_are_asked_for_when_the_menu_opens_and_not_by_the_page(
    member, lead, calendar, monkeypatch
):
    message = factories.make_message(lead)
    asked = []
    monkeypatch.setattr(slots, "next_free", lambda *given: asked.append(given) or free(*given))
    assert "Offer a time" in sheet(member, lead)
    assert asked == []
    found, said = times(member, lead)
    assert found and said == "These times are free right now, but not reserved." and len(asked) == 1

    path = reverse("inbox:insert", args=[lead.workspace_id, lead.pk])
    page = member.post(path, {"text": "Hi", "channel": "email", "show": "times"}).content.decode()
    assert f'form="own" name="insert" value="{found[0]}"' in page and "Hi</textarea>" in page

    type(calendar).objects.update(config=calendar.config | {"base_url": "http://127.0.0.1:9"})
    assert times(member, lead) == ([], "The calendar isn’t responding, so there are no free times to offer.")
    ahead, past = [ago(days=-1).isoformat(), "Tomorrow, 3:00 PM"], [ago(days=1).isoformat(), "Yesterday"]
    factories.make_draft(message, verification={"offered": [ahead, past]})
    assert times(member, lead)[0] == ["Tomorrow, 3:00 PM"]


def test_without_a_calendar_it_says_what_is_missing_and_where_it_is_mended(people, workspace, lead):
    def shown(client) -> tuple[str, str]:
        page = client.get(reverse("inbox:lead-times", args=[lead.workspace_id, lead.pk]))
        return times(client, lead)[1], page.content.decode()

    said, page = shown(people.owner)
    assert said == "No calendar is connected. Connect Calendly or GoHighLevel to offer times."
    assert f'<a href="{reverse("inbox:integrations", args=[workspace.pk])}">' in page

    calendly = factories.make_integration(workspace, "calendly")
    said, page = shown(people.owner)
    assert said.startswith("Calendly is connected, but its “Event type” setting is empty")
    field = reverse("inbox:integration-settings", args=[workspace.pk, calendly.pk]) + "#id_event_type_uri"
    assert f'<a href="{field}">' in page
    assert 'id="id_event_type_uri"' in people.owner.get(field).content.decode()

    said, page = shown(people.member)
    assert said.endswith("An owner or admin can set this under Accounts.") and "<a " not in page
    path = reverse("inbox:lead-times", args=[lead.workspace_id, lead.pk])
    assert people.viewer.get(path).status_code == 403
