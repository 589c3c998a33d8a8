"""Notes beside a conversation: for colleagues alone, and read by whom they call."""

import pytest

from inbox.leads import triage
from inbox.models import Lead, Mention, Message, Note
from tests import factories
from tests.factories import ago
from tests.inbox.pages.test_parts import part


@pytest.fixture
def url(workspace, lead) -> str:
    return f"/w/{workspace.pk}/inbox/{lead.pk}/"


@pytest.fixture
def ben(workspace, people, client):
    """A colleague of that name, and a namesake in another workspace."""
    factories.make_member(factories.make_workspace(), first_name="Ben", last_name="Okoro")
    client.force_login(factories.make_member(workspace, first_name="Ben", last_name="Okoro"))
    return client


def mentions(client, workspace) -> list[str]:
    answer = client.get(f"/w/{workspace.pk}/inbox/?view=mentions")
    return [row.display_name for row in answer.context["threads"].page.rows]


def test_a_note_stands_at_its_place_and_is_no_message(url, people, lead):
    factories.make_message(lead, "the first", sent_at=ago(hours=2))
    factories.make_message(lead, "the last", sent_at=ago(hours=-1))
    before = Lead.objects.values().get(pk=lead.pk)

    answer = people.member.post(f"{url}note/", {"text": "<i>Met her</i> in May."}, follow=True)

    text = answer.content.decode()
    assert text.index("the first") < text.index("&lt;i&gt;Met her&lt;/i&gt; in May.") < text.index("the last")
    assert "Only your team sees this." in text
    assert Message.objects.filter(text__contains="Met her").count() == 0
    after = Lead.objects.values().get(pk=lead.pk)
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert changed == {"unread": False, "changed_at": after["changed_at"]}


def test_a_viewer_reads_notes_and_writes_none(url, people, lead, workspace):
    Note.objects.create(workspace=workspace, lead=lead, author=people.users.member, text="Only for us.")
    text = people.viewer.get(url).content.decode()
    assert "Only for us." in text and 'id="noting"' not in text
    assert people.viewer.post(f"{url}note/", {"text": "Me too."}).status_code == 403


@pytest.mark.parametrize("text", ["", "  \n", "x" * 20_001])
def test_what_is_no_note_is_told_and_not_kept(text, url, people):
    answer = people.member.post(f"{url}note/", {"text": text})
    assert (answer.status_code, Note.objects.count()) == (422, 0)
    assert "note" in answer.content.decode().split('id="toasts"')[1]


def test_whom_a_note_calls_is_told_until_they_open_it(url, workspace, people, ben, lead):
    answer = people.member.post(f"{url}note/", {"text": "@Ben Okoro she decides. @Zoe?"}, follow=True)
    text = answer.content.decode()
    assert "<b>@Ben Okoro</b> she decides." in text and "Notified: Ben Okoro" in text
    assert "No one here is called “@Zoe”" in text
    assert Mention.objects.count() == 1

    assert mentions(people.member, workspace) == []
    page = ben.get(f"/w/{workspace.pk}/inbox/?view=mentions").content.decode()
    assert "You were mentioned" in page and "Dana Reyes" in page
    part(ben, url, "convo")
    assert mentions(ben, workspace) == ["Dana Reyes"]  # fetched ahead, not looked at
    ben.get(url)
    assert mentions(ben, workspace) == []


def test_what_the_script_says_was_read_takes_the_call_with_it(url, workspace, people, ben, lead):
    people.member.post(f"{url}note/", {"text": "@ben"})
    data = {"lead": str(triage.Seen.of(Lead.objects.get(pk=lead.pk))), "do": "read"}
    part(people.member, f"/w/{workspace.pk}/inbox/triage/", "toasts", data)
    assert mentions(ben, workspace) == ["Dana Reyes"]
    part(ben, f"/w/{workspace.pk}/inbox/triage/", "toasts", data)
    assert mentions(ben, workspace) == []


def test_nobody_is_called_by_themselves_nor_by_one_who_answers_nobody(url, people, workspace):
    viewer = people.users.viewer
    type(viewer).objects.filter(pk=viewer.pk).update(first_name="Vera", last_name="Lind")
    people.member.post(f"{url}note/", {"text": f"@{people.users.member.name} @Vera Lind"})
    assert not Mention.objects.exists()
