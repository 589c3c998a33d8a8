"""Correcting a lead by hand, where its facts come from, and meetings that fell through."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.leads import facts, identity, merge
from inbox.models import Appointment, AuditEntry, ChannelRefusal, Enrichment, Lead
from inbox.pages.conversation.lead_details import ADDRESS
from jobs.models import BackgroundJob
from tests import factories


@pytest.fixture
def url(workspace, lead):
    return reverse("inbox:lead-edit", args=[workspace.pk, lead.pk])


@pytest.fixture
def page(workspace, lead):
    return reverse("inbox:conversation", args=[workspace.pk, lead.pk])


def form_of(client, url: str) -> dict[str, str]:
    """The form as the page shows it, with what it showed."""
    form = client.get(url).context["form"]
    shown = {field.html_name: field.value() or "" for field in form}
    return shown | {field.html_initial_name: field.value() or "" for field in form}


def save(client, url: str, **changes):
    return client.post(url, form_of(client, url) | changes)


def test_an_entry_is_normalised_kept_as_the_person_s_and_audited(people, url, lead, page):
    assert save(people.member, url, phone="(555) 555-0123", company="Reyes & Sons").status_code == 302
    lead.refresh_from_db()
    assert (lead.phone, lead.company) == ("+15555550123", "Reyes & Sons")
    assert {name: said["from"] for name, said in lead.sources.items()} == {
        "phone": "person",
        "company": "person",
    }
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data) == ("lead.edited", {"fields": ["company", "phone"]})
    text = people.member.get(page).content.decode()
    assert f"from {people.users.member}" in text and "just now" in text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"email": "dana"}, "Enter a valid email address, like name@example.com."),
        ({"phone": "twelve"}, "Enter a valid phone number, like"),
        (
            {"linkedin_url": "https://www.linkedin.com/company/reyes"},
            "Enter the URL of a personal profile",
        ),
    ],
)
def test_what_is_no_address_is_an_error_at_its_field(people, url, lead, change, error):
    answer = save(people.member, url, **change)
    assert answer.status_code == 422 and error in answer.content.decode()
    assert list(answer.context["form"].errors) == list(change)


def test_another_lead_s_number_is_refused_in_words(people, url, workspace, lead):
    factories.make_lead(workspace, phone="+15555550123")
    answer = save(people.member, url, phone="+15555550123", company="Reyes & Sons")
    assert answer.status_code == 422 and "Another lead already has this." in answer.content.decode()
    lead.refresh_from_db()
    assert (lead.phone, lead.company) == ("", "Reyes Roofing") and not AuditEntry.objects.exists()


def test_what_was_found_while_the_person_typed_stays(people, url, lead):
    typed = form_of(people.member, url) | {"company": "Reyes & Sons"}
    identity.keep(lead, "phone", "+15555550123", "clay")
    people.member.post(url, typed)
    lead.refresh_from_db()
    assert (lead.phone, lead.company) == ("+15555550123", "Reyes & Sons")


def test_a_number_that_was_taken_out_does_not_come_back(people, url, lead):
    Lead.objects.update(phone="+15555550123")
    save(people.member, url, phone="")
    assert identity.keep(lead, "phone", "+15555550123", "clay") is identity.KeptIdentity.KNOWN
    lead.refresh_from_db()
    assert lead.phone == "" and not facts.fillable(lead, "phone")


def test_the_old_address_stays_known(people, url, lead):
    old = lead.email
    save(people.member, url, email="Dana@New.example.org")
    lead.refresh_from_db()
    assert (lead.email, lead.alternate_emails) == ("dana@new.example.org", [old])


def test_an_address_that_an_edit_does_not_take_out_stays_known(people, url, lead):
    old = lead.email
    Lead.objects.update(alternate_emails=["bo@example.org", "new@example.org"])
    form = form_of(people.member, url) | {"email": "new@example.org", "alternate_emails": "up@example.org"}
    Lead.objects.update(alternate_emails=["bo@example.org", "new@example.org", "came@example.org"])
    people.member.post(url, form)
    lead.refresh_from_db()
    assert lead.email == "new@example.org"
    assert lead.alternate_emails == ["came@example.org", "up@example.org", old]


def test_other_addresses_and_numbers_are_shown_and_edited(people, url, lead, page):
    save(
        people.member, url, phone="+15555550100", alternate_emails="Office@Reyes.example.org\n\n",
        alternate_phones="(555) 555-0123\r\n+15555550124\n+15555550100",
    )  # fmt: skip
    lead.refresh_from_db()
    assert lead.alternate_emails == ["office@reyes.example.org"]
    assert lead.alternate_phones == ["+15555550123", "+15555550124"]
    assert "lead.edited" in AuditEntry.objects.values_list("action", flat=True)
    shown = people.viewer.get(page).content.decode()
    assert "office@reyes.example.org" in shown and "+15555550124" in shown
    save(people.member, url, alternate_phones="call me")
    save(people.member, url, phone="+15555550124")
    lead.refresh_from_db()
    assert (lead.phone, lead.alternate_phones) == ("+15555550124", ["+15555550123"])


def test_another_number_that_another_lead_has_is_refused_and_the_merge_offered(people, url, lead, workspace):
    other = factories.make_lead(workspace, alternate_phones=["+15555550123"])
    factories.make_lead(factories.make_workspace(), phone="+15555550199")
    answer = people.owner.post(
        url, form_of(people.owner, url) | {"alternate_phones": "+15555550199\n+15555550123"}
    )
    merge = reverse("inbox:merge", args=[workspace.pk, lead.pk]) + f"?other={other.pk}"
    assert answer.status_code == 422 and f'href="{merge}"' in answer.content.decode()
    lead.refresh_from_db()
    assert lead.alternate_phones == []
    save(people.member, url, alternate_phones="+15555550199")
    lead.refresh_from_db()
    assert lead.alternate_phones == ["+15555550199"]


def test_a_new_number_ends_what_was_refused_for_the_old_one_and_is_told_to_the_crm(
    people, url, workspace, lead
):
    factories.make_integration(workspace, "ghl")
    now = timezone.now()
    refusal = {"workspace": workspace, "lead": lead, "since": now, "recheck_at": now}
    ChannelRefusal.objects.create(channel="sms", code="missing_phone", **refusal)
    ChannelRefusal.objects.create(channel="linkedin", code="user_unreachable", **refusal)
    save(people.member, url, phone="+15555550123")
    assert list(ChannelRefusal.objects.values_list("channel", flat=True)) == ["linkedin"]
    assert BackgroundJob.objects.get().kind == "ghl.contact"


def test_do_not_disturb_outlives_the_number_and_is_shown(people, url, workspace, lead, page):
    now = timezone.now()
    ChannelRefusal.objects.create(
        workspace=workspace,
        lead=lead,
        channel="sms",
        code="sms_dnd",
        since=now,
        recheck_at=now + timedelta(days=30),
    )
    save(people.member, url, phone="+15555550123")
    assert "Do not disturb" in people.viewer.get(page).content.decode()


def test_source_and_age_are_shown_and_so_is_what_was_asked(people, workspace, lead, page):
    identity.keep(lead, "phone", "+15555550123", facts.SIGNATURE)
    lead.refresh_from_db()
    lead.sources["phone"]["at"] = (timezone.now() - timedelta(days=3, minutes=5)).isoformat()
    lead.save()
    asked = timezone.now() - timedelta(hours=2, minutes=5)
    Enrichment.objects.create(workspace=workspace, lead=lead, kind="linkedin", requested_at=asked)
    text = people.viewer.get(page).content.decode()
    assert "from their signature" in text and "3 days ago" in text
    assert "Asking Clay" in text and "2 h 5 min ago" in text


def test_a_viewer_edits_nothing(people, url):
    assert people.viewer.get(url).status_code == 403


def test_a_merge_brings_the_sources_along(workspace, lead):
    other = factories.make_lead(workspace, email="")
    identity.keep(other, "phone", "+15555550123", "clay")
    merged = merge.merge(lead, other, None)
    assert (merged.phone, merged.sources["phone"]["from"]) == ("+15555550123", "clay")


def test_a_meeting_that_fell_through_waits_for_a_person(people, workspace, lead, page):
    meeting = Appointment.objects.create(
        workspace=workspace, lead=lead, provider="ghl", external_id="A1", status="no_show"
    )
    assert "No-show" in people.viewer.get(page).content.decode()
    assert "Mark handled" not in people.viewer.get(page).content.decode()
    url = reverse("inbox:meeting-handled", args=[workspace.pk, meeting.pk])
    assert people.outsider.post(url).status_code == 404
    assert people.member.post(url).status_code == 302
    meeting.refresh_from_db()
    assert meeting.handled_at and AuditEntry.objects.get().action == "meeting.handled"


def test_a_meeting_that_stands_cannot_be_dealt_with(people, workspace, lead):
    meeting = Appointment.objects.create(workspace=workspace, lead=lead, provider="ghl", external_id="A1")
    url = reverse("inbox:meeting-handled", args=[workspace.pk, meeting.pk])
    assert people.owner.post(url).status_code == 404


@pytest.fixture
def replies(lead):
    """What we and the lead wrote. Their office wrote too, and they quote our number and name a colleague of ours."""
    factories.make_message(
        lead, "Call us: +1 212 555 0100.", direction="outbound", sent_at=factories.ago(days=2)
    )
    return factories.make_message(
        lead,
        f"My new mobile is (212) 555-0123, write to Dana.Reyes@home.example.net, not to {lead.email}.",
        raw_text="> or +1 212 555 0177",
        account_address="alex@us.example.com",
        sent_at=factories.ago(days=1),
    )


def finds(client, page) -> list[str]:
    shown = client.get(page).content.decode()
    return re.findall(r'name="((?:phone|email)" value="[^"]+)"', shown.split('id="rail"')[1])


def test_what_the_lead_wrote_is_offered_and_added_by_one_press_alone(people, workspace, lead, page, replies):
    path = reverse("inbox:lead-contact", args=[workspace.pk, lead.pk])
    assert finds(people.member, page) == [
        'phone" value="+12125550123',
        'email" value="dana.reyes@home.example.net',
    ]
    assert finds(people.viewer, page) == []
    factories.make_message(
        lead, "As bo@us.example.com said at 212-555-0100.", account_address="a@us.example.com"
    )
    assert len(finds(people.member, page)) == 2
    lead.refresh_from_db()
    assert (lead.phone, lead.alternate_phones, lead.alternate_emails) == ("", [], [])

    people.member.post(path, {"phone": "+12125550123"})
    people.member.post(path, {"phone": "+1 212 555 0123"})
    people.member.post(path, {"phone": "+12125550124"})
    people.member.post(path, {"email": "Dana.Reyes@home.example.net"})
    lead.refresh_from_db()
    assert (lead.phone, lead.alternate_phones) == ("+12125550123", ["+12125550124"])
    assert lead.alternate_emails == ["dana.reyes@home.example.net"]
    entries = AuditEntry.objects.filter(action="lead.edited", actor=people.users.member).order_by("pk")
    assert [entry.data for entry in entries] == [
        {"fields": [name]} for name in ("phone", "alternate_phones", "alternate_emails")
    ]
    assert finds(people.member, page) == []


def test_a_number_in_the_signature_of_the_address_that_answers_is_not_offered(people, workspace, lead, page):
    signatures = {"alex@us.example.com": "Alex, +1 212 555 0144", "": "The team, +1 212 555 0155"}
    factories.make_integration(workspace, config={"signatures": signatures})
    text = "Is that +1 212 555 0144? Mine is (212) 555-0123."
    mail = factories.make_message(lead, text, account_address="alex@us.example.com")
    assert finds(people.member, page) == ['phone" value="+12125550123']
    type(mail).objects.update(
        account_address="bo@us.example.com", text="Not +1 212 555 0155 but (212) 555-0123."
    )
    assert finds(people.member, page) == ['phone" value="+12125550123']


def test_what_is_no_address_is_not_read_from_each_of_its_letters():
    assert ADDRESS.findall(f"{'a' * 65}@example.org, bo@example.org") == ["bo@example.org"]


@pytest.mark.parametrize("theirs", [{"phone": "+12125550123"}, {"alternate_phones": ["+12125550123"]}])
def test_what_another_lead_has_is_not_added_and_the_merge_is_offered(
    people, workspace, lead, replies, theirs
):
    other = factories.make_lead(workspace, **theirs)
    path = reverse("inbox:lead-contact", args=[workspace.pk, lead.pk])
    merge = reverse("inbox:merge", args=[workspace.pk, lead.pk]) + f"?other={other.pk}"
    assert people.owner.post(path, {"phone": "+12125550123"})["Location"] == merge
    assert "merge" not in people.member.post(path, {"phone": "+12125550123"})["Location"]
    for one in (lead, other):
        one.refresh_from_db()
        assert one.identity_conflict
    assert (lead.phone, lead.alternate_phones) == ("", [])
    people.member.post(path, {"phone": "call me"})
    assert people.viewer.post(path, {"phone": "+12125550199"}).status_code == 403
