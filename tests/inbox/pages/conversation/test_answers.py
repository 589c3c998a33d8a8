"""Sending from the page: review of a draft, a message of one's own, and what a person knows of a doubtful send."""

import re
import uuid
from datetime import timedelta

import pytest

from inbox.models import Draft, OutboundSend, Workspace
from jobs.models import BackgroundJob
from tests import factories


@pytest.fixture
def draft(lead):
    factories.make_integration(lead.workspace)
    return factories.make_draft(factories.make_message(lead), "Hi Dana, Thursday at 1:00?")


def decide(client, workspace, draft, **data):
    return client.post(f"/w/{workspace.pk}/drafts/{draft.pk}/?view=drafts", data)


def write(client, workspace, lead, **data):
    data = {"text": "Hello", "channel": "email", "client_token": str(uuid.uuid4())} | data
    return client.post(f"/w/{workspace.pk}/inbox/{lead.pk}/message/", data)


def test_send_claims_the_edited_text_once_and_goes_back(workspace, people, draft):
    response = decide(people.member, workspace, draft, do="send", text="Hi Dana, Friday at 2:00?")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/{draft.lead_id}/?view=drafts#latest"
    send = OutboundSend.objects.get()
    assert (send.text, send.state, send.approved_by) == (
        "Hi Dana, Friday at 2:00?",
        "intent",
        people.users.member,
    )
    assert BackgroundJob.objects.filter(kind="reply.send").count() == 1
    assert "Going out" in people.member.get(response["Location"]).content.decode()


def test_second_reviewer_is_told_and_keeps_the_text(workspace, people, draft):
    decide(people.owner, workspace, draft, do="send", text="First")
    response = decide(people.member, workspace, draft, do="send", text="My careful edit")
    assert response.status_code == 409
    page = response.content.decode()
    assert "has just answered" in page and "Going out" in page
    assert OutboundSend.objects.get().text == "First"
    assert "My careful edit</textarea>" in page and f'name="channel" value="{draft.channel}"' in page
    again = write(people.member, workspace, draft.lead, channel=draft.channel, text="My own")
    assert again.status_code == 409 and "My own</textarea>" in again.content.decode()
    OutboundSend.objects.update(state="sent")
    write(people.member, workspace, draft.lead, channel=draft.channel, text="My own")
    assert OutboundSend.objects.filter(text="My own").exists()


@pytest.mark.parametrize(
    ("sign", "box"), [({}, 'value="1"> Sign'), ({"sign": "1"}, 'value="1" checked> Sign')]
)
def test_a_cleared_box_stays_cleared_after_a_refusal(workspace, member, lead, sign, box):
    factories.make_integration(workspace)
    factories.make_message(lead)
    Workspace.objects.update(signature="Mia, Northwind")
    lead.refresh_from_db()
    refused = write(member, workspace, lead, text="x" * 20_001, **sign)
    assert refused.status_code == 422 and box in refused.content.decode()


def test_text_that_is_refused_stays_in_the_composer(workspace, people, draft):
    decide(people.owner, workspace, draft, do="discard")
    response = decide(people.member, workspace, draft, do="send", text="My careful edit")
    assert response.status_code == 409
    assert "My careful edit</textarea>" in response.content.decode()


def test_what_they_wrote_since_the_page_was_opened_is_read_before_anything_goes_out(workspace, member, draft):
    seen_at = draft.lead.last_inbound_at or draft.trigger_message.sent_at
    newer = factories.make_message(draft.lead, "Forget it, thanks.", sent_at=seen_at + timedelta(seconds=9))
    type(draft.lead).objects.update(last_inbound_at=newer.sent_at)
    refused = decide(member, workspace, draft, do="send", text="My edit", seen_at=seen_at.isoformat())
    page = refused.content.decode()

    assert refused.status_code == 409 and "The lead has written again" in page
    assert "Forget it, thanks." in page and "My edit</textarea>" in page
    assert write(member, workspace, draft.lead, seen_at=seen_at.isoformat()).status_code == 409
    assert OutboundSend.objects.count() == 0

    sees_it = f'name="seen_at" value="{newer.sent_at.isoformat()}"'
    assert sees_it in page
    decide(member, workspace, draft, do="send", text="My edit", seen_at=newer.sent_at.isoformat())
    assert OutboundSend.objects.get().text == "My edit"


def test_what_a_colleague_sent_since_the_page_was_opened_is_read_before_anything_goes_out(
    workspace, people, draft
):
    page = people.member.get(f"/w/{workspace.pk}/inbox/{draft.lead_id}/").content.decode()
    for mine, expected in [("Mine", 409), ("Mine, having read it", 302), ("And one more", 302)]:
        seen = page.split('name="seen_send" value="')[1].split('"')[0]
        if mine == "Mine":
            write(people.owner, workspace, draft.lead, text="Theirs", client_token=str(uuid.uuid4()))
        OutboundSend.objects.update(state="sent")
        fields = {"seen_send": seen, "client_token": str(uuid.uuid4())}
        answer = write(people.member, workspace, draft.lead, text=mine, **fields)
        assert answer.status_code == expected, mine
        if expected == 409:
            page = answer.content.decode()
            assert f"{people.users.owner.name} has just answered" in page
            assert "Mine</textarea>" in page
    assert OutboundSend.objects.count() == 3


@pytest.mark.parametrize("text, problem", [("  ", "Write a message first."), ("x" * 20_001, "too long")])
def test_text_that_cannot_be_sent_is_explained(text, problem, workspace, member, draft):
    response = decide(member, workspace, draft, do="send", text=text)
    assert response.status_code == 422
    assert problem in response.content.decode()
    assert not OutboundSend.objects.exists()


def test_a_refused_text_says_that_the_checks_were_of_the_draft_before_its_edit(workspace, member, draft):
    Draft.objects.update(text="Hi Dana,\n1:00?", verification={"problems": []})
    for text, edited in (("Hi Dana,\r\n1:00?", False), ("Hi Dana,\r\n2:00?", True)):
        refused = decide(member, workspace, draft, do="send", text=text, seen_send="never")
        assert refused.status_code == 422
        gates = refused.content.decode().split('id="countdown"')[1].split("</details>")[0]
        assert ("<span data-before-edit hidden>Before your edit:" in gates) is not edited
        assert ("<span>Before your edit:" in gates) is edited


def test_discard_rejects_the_draft(workspace, member, draft):
    decide(member, workspace, draft, do="discard")
    draft.refresh_from_db()
    assert draft.status == Draft.Status.REJECTED


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["button", "typing"])
def test_hold_stops_the_countdown(headers, workspace, member, draft):
    Draft.objects.filter(pk=draft.pk).update(send_at=factories.ago(minutes=-4))
    page = member.get(f"/w/{workspace.pk}/inbox/{draft.lead_id}/").content.decode()
    assert "Goes out automatically" in page
    member.post(f"/w/{workspace.pk}/drafts/{draft.pk}/", {"do": "hold"}, headers=headers)
    draft.refresh_from_db()
    assert (draft.status, draft.send_at) == (Draft.Status.PENDING, None)


def test_rewrite_asks_for_another_one(workspace, member, draft, settings):
    settings.OPENAI_API_KEY = "key"
    decide(member, workspace, draft, do="rewrite")
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING
    assert BackgroundJob.objects.filter(kind="draft.rewrite").count() == 1


def test_unknown_action_decides_nothing(workspace, member, draft):
    assert decide(member, workspace, draft, do="explode").status_code == 400
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING


def test_own_message_is_claimed_once_per_token(workspace, member, lead):
    factories.make_integration(workspace)
    factories.make_message(lead)
    token = str(uuid.uuid4())
    for _ in range(2):
        assert write(member, workspace, lead, client_token=token).status_code == 302
    assert OutboundSend.objects.count() == 1


def test_own_message_to_a_stopped_lead_is_refused_and_kept(workspace, member):
    lead = factories.make_lead(workspace, opted_out_at=factories.ago())
    response = write(member, workspace, lead)
    assert response.status_code == 409
    assert "asked not to be contacted" in response.content.decode()
    assert not OutboundSend.objects.exists()


@pytest.mark.parametrize("data", [{"text": ""}, {"channel": "fax"}, {"client_token": "x"}])
def test_own_message_that_is_incomplete_is_not_sent(data, workspace, member, lead):
    factories.make_message(lead)
    assert write(member, workspace, lead, **data).status_code == 422
    assert not OutboundSend.objects.exists()


def test_person_sends_again_what_failed(workspace, member, draft):
    send = factories.make_send(draft, state="failed", provider="emailbison")
    shown = member.post(f"/w/{workspace.pk}/sends/{send.pk}/", {"do": "again"}, follow=True).text
    assert f"Sending again to {send.lead.display_name}." in shown
    send.refresh_from_db()
    assert (send.state, send.tries) == ("intent", 1)


def test_person_settles_what_is_not_known(workspace, member, draft):
    send = factories.make_send(draft, state="unknown", called_at=factories.ago())
    member.post(f"/w/{workspace.pk}/sends/{send.pk}/", {"do": "went-out"})
    send.refresh_from_db()
    assert send.state == "sent"


def test_settled_send_cannot_be_settled_again(workspace, member, draft):
    send = factories.make_send(draft, state="sent")
    response = member.post(f"/w/{workspace.pk}/sends/{send.pk}/", {"do": "again"})
    assert "This has already been resolved." in member.get(response["Location"]).content.decode()


def composer(client, workspace, lead) -> str:
    return client.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()


def test_a_lead_with_several_channels_is_written_to_on_the_chosen_one(workspace, member):
    lead = factories.make_lead(workspace, phone="+12125550123", last_channel="email")
    factories.make_message(lead)
    factories.make_integration(workspace, "ghl")
    page = composer(member, workspace, lead)
    assert page.index('value="email" checked') < page.index('name="channel" value="sms"')

    assert write(member, workspace, lead, channel="sms").status_code == 302
    send = OutboundSend.objects.get()
    assert (send.channel, send.provider) == ("sms", "ghl")


def test_what_is_on_its_way_shuts_its_channel_alone(workspace, member, draft):
    lead = draft.lead
    lead.phone = "+12125550123"
    lead.save()
    factories.make_integration(workspace, "ghl")
    factories.make_send(draft, state="unknown", called_at=factories.ago())
    page = composer(member, workspace, lead)
    assert "Email: We don’t know whether the last message was sent" in page

    assert write(member, workspace, lead, channel="email").status_code == 409
    assert write(member, workspace, lead, channel="sms").status_code == 302


def test_the_channel_that_was_chosen_comes_back_with_the_text(workspace, member):
    lead = factories.make_lead(workspace, phone="+12125550123", last_channel="email")
    factories.make_message(lead)
    factories.make_integration(workspace, "ghl")
    page = write(member, workspace, lead, channel="sms", text="x" * 2_000).content.decode()
    assert 'value="sms" checked' in page and f"{'x' * 2_000}</textarea>" in page


def test_a_bounced_address_leaves_the_other_channels(workspace, member):
    lead = factories.make_lead(workspace, phone="+12125550123", bounced_at=factories.ago())
    factories.make_message(lead)
    factories.make_integration(workspace, "ghl")
    page = composer(member, workspace, lead)
    assert 'name="channel" value="sms"' in page and "the address doesn’t work" in page


def test_nothing_known_of_a_lead_is_said_instead_of_a_composer(workspace, member):
    lead = factories.make_lead(workspace, email="")
    assert "Add one to write to them" in composer(member, workspace, lead)


@pytest.fixture
def undoable(workspace):
    type(workspace).objects.filter(pk=workspace.pk).update(undo_send_s=10)


def undo(client, workspace, do="take-back"):
    return client.post(f"/w/{workspace.pk}/sends/{OutboundSend.objects.get().pk}/?view=drafts", {"do": do})


def test_what_counts_down_is_taken_back_by_a_button_and_its_text_is_in_the_composer(
    workspace, member, lead, undoable
):
    factories.make_integration(workspace)
    factories.make_message(lead)
    write(member, workspace, lead, text="My careful words")
    send = OutboundSend.objects.get()
    page = composer(member, workspace, lead)
    assert "<b>Goes out</b> in" in page and f"/sends/{send.pk}/" in page and 'value="take-back"' in page
    running = f"/w/{workspace.pk}/inbox/{lead.pk}/outgoing/{send.pk}/"
    assert member.get(running).status_code == 204

    back = undo(member, workspace)

    assert back["Location"] == f"/w/{workspace.pk}/inbox/{lead.pk}/?view=drafts#latest"
    page = composer(member, workspace, lead)
    assert "My careful words</textarea>" in page and "took this message back." in page
    assert "My careful words</textarea>" in member.get(running).content.decode()
    undo(member, workspace, do="forget")
    assert "My careful words" not in composer(member, workspace, lead)


def test_a_draft_that_is_taken_back_has_the_text_that_was_edited(workspace, member, draft, undoable):
    decide(member, workspace, draft, do="send", text="My careful edit")
    undo(member, workspace)
    assert "My careful edit</textarea>" in composer(member, workspace, draft.lead)


def test_a_draft_that_is_sent_again_with_its_text_as_after_a_lost_answer_goes_out_once(
    workspace, member, draft
):
    for _ in range(2):
        assert decide(member, workspace, draft, do="send", text="The same text").status_code == 302
    assert OutboundSend.objects.get().text == "The same text"
    assert decide(member, workspace, draft, do="send", text="Another text").status_code == 409


def test_a_draft_that_the_same_user_has_sent_in_another_tab_is_not_sent_again(
    workspace, member, draft, undoable
):
    decide(member, workspace, draft, do="send", text="From one tab")
    again = decide(member, workspace, draft, do="send", text="From the other")
    assert "You approved this draft on" in again.content.decode()
    assert "This text wasn’t sent." in again.content.decode()
    assert OutboundSend.objects.get().text == "From one tab"


def test_only_its_sender_takes_a_message_back(workspace, people, draft, undoable):
    decide(people.member, workspace, draft, do="send", text="Wait")
    OutboundSend.objects.update(send_at=factories.ago(minutes=-5))
    sender = OutboundSend.objects.get().approved_by
    page = composer(people.owner, workspace, draft.lead)
    assert f"{sender.name}: <b>Goes out</b> in" in page
    assert 'value="take-back"' not in page and "data-undo>" not in page
    answer = people.owner.get(undo(people.owner, workspace)["Location"]).content.decode()
    assert f"{sender.name} sent this message. Only they can take it back." in answer
    assert OutboundSend.objects.get().state == "intent"
    assert "data-undo>" in composer(people.member, workspace, draft.lead)
    undo(people.member, workspace)
    assert not OutboundSend.objects.exists() and Draft.objects.get().status == "pending"


def test_a_colleague_s_answer_is_told_as_that_and_mine_can_go_as_a_second_message(workspace, people, draft):
    lead, ana = draft.lead, people.users.member
    decide(people.member, workspace, draft, do="send", text="Hers")
    answer = decide(people.owner, workspace, draft, do="send", text="Mine")
    page = answer.content.decode()
    assert answer.status_code == 409 and f"{ana.name} has just answered. Read that answer first" in page
    assert "Mine</textarea>" in page and "Send as a second message" in page
    form = page.split('id="own"')[1].split("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))

    def second():
        return people.owner.post(f"/w/{workspace.pk}/inbox/{lead.pk}/message/", fields | {"text": "Mine"})

    going = second()  # hers is on its way
    assert going.status_code == 409 and "Send as a second message" in going.content.decode()
    OutboundSend.objects.update(state="sent", finished_at=factories.ago())
    assert second().status_code == 302
    assert OutboundSend.objects.get(text="Mine").approved_by == people.users.owner
    Draft.objects.update(decided_at=factories.ago(days=1))
    told = decide(people.owner, workspace, draft, do="send", text="More").content.decode()
    assert "has just answered" not in told and f"{ana.name} answered on " in told


def test_what_is_out_is_not_taken_back_and_that_is_said(workspace, member, draft, undoable):
    decide(member, workspace, draft, do="send", text="Out")
    OutboundSend.objects.update(called_at=factories.ago())
    assert 'value="take-back"' not in composer(member, workspace, draft.lead)
    response = undo(member, workspace)
    assert "It has already gone out" in member.get(response["Location"]).content.decode()
    assert OutboundSend.objects.get().state == "intent"


def test_send_and_next_opens_the_one_below(workspace, member, lead):
    factories.make_integration(workspace)
    below, above = (
        factories.make_lead(workspace, needs_reply=True, last_message_at=factories.ago(days=days))
        for days in (9, -9)
    )
    factories.make_message(lead)
    response = write(member, workspace, lead, do="send-next")
    assert f"/inbox/{below.pk}/" in response["Location"]
    factories.make_message(below)
    assert f"/inbox/{below.pk}/" in write(member, workspace, below, do="send-next")["Location"]
    assert OutboundSend.objects.count() == 2


def test_the_kill_switch_takes_back_what_counts_down(workspace, people, draft, undoable):
    decide(people.member, workspace, draft, do="send", text="Wait")
    page = people.owner.post(f"/w/{workspace.pk}/automation/pause/", {"do": "pause"}, follow=True)
    assert "1 stopped before they went out." in page.content.decode()
    draft.refresh_from_db()
    assert (draft.status, draft.send_at) == (Draft.Status.PENDING, None)


@pytest.mark.parametrize(("seconds", "kept"), [("0", 0), ("60", 60), ("61", 10), ("-1", 10)])
def test_the_time_to_take_back_is_a_setting(seconds, kept, workspace, people, undoable):
    path = f"/w/{workspace.pk}/settings/"
    people.owner.post(path, {"group": "sending", "daily_send_cap": 30, "undo_send_s": seconds})
    workspace.refresh_from_db()
    assert workspace.undo_send_s == kept
