"""Clay's callbacks: fill, never overwrite, once."""

import pytest

from inbox.leads import facts
from inbox.models import Enrichment, Lead
from tests.factories import make_lead, make_user
from tests.recorded import payload


@pytest.fixture
def lead(poster):
    return make_lead(poster.workspace, email="dana@example.com")


@pytest.fixture
def callback(poster, lead):
    def post(fixture: str, target: Lead = lead, **changes):
        return poster.post("clay", payload("clay", fixture) | {"leadId": str(target.pk)} | changes)

    return post


def test_found_phone_fills_the_empty_column(callback, lead):
    assert callback("phone_found", phone="(555) 555-0123").json()["leadId"] == str(lead.pk)
    lead.refresh_from_db()
    assert lead.phone == "+15555550123"
    assert Enrichment.objects.get().status == "found"


def test_known_phone_is_never_overwritten(callback, lead):
    Lead.objects.update(phone="+15555550123")
    callback("phone_found", phone="+15555550999")
    lead.refresh_from_db()
    assert lead.phone == "+15555550123"


def test_profile_and_member_id_are_filled_in_canonical_form(callback, lead):
    callback("linkedin_found_boolean", leadID=str(lead.pk), linkedinId="ACoAATB0001")
    lead.refresh_from_db()
    assert lead.linkedin_url == "https://www.linkedin.com/in/peter-hollander-example"
    assert lead.linkedin_member_id == "ACoAATB0001"


@pytest.mark.parametrize(
    ("fixture", "changes"),
    [
        ("phone_not_found", {}),
        ("phone_found_without_data", {}),
        ("phone_found", {"phone": "123"}),
        ("linkedin_found_boolean", {"profileUrl": "https://www.linkedin.com/company/finnegan-farms"}),
    ],
)
def test_answer_without_usable_data_is_not_found(callback, lead, fixture, changes):
    callback(fixture, **changes)
    lead.refresh_from_db()
    assert Enrichment.objects.get().status == "not_found"
    assert (lead.phone, lead.linkedin_url) == ("", "")


def test_error_leaves_it_pending(callback):
    callback("phone_error")
    enrichment = Enrichment.objects.get()
    assert (enrichment.status, enrichment.errors) == ("pending", 1)


def test_same_answer_is_a_duplicate(callback):
    assert callback("phone_not_found").json()["deduped"] is False
    assert callback("phone_not_found").json()["deduped"] is True
    assert Enrichment.objects.get().status == "not_found"


def test_what_was_found_names_its_source(callback, lead):
    callback("phone_found", phone="(555) 555-0123")
    lead.refresh_from_db()
    assert lead.sources["phone"]["from"] == "clay"


def test_a_person_s_empty_entry_stays_empty(callback, lead):
    Lead.objects.filter(pk=lead.pk).update(phone="+15555550100")
    lead.refresh_from_db()
    facts.enter(lead, {"phone": ""}, make_user())
    callback("phone_found", phone="(555) 555-0123")
    lead.refresh_from_db()
    assert lead.phone == ""


def test_another_profile_than_the_person_entered_brings_no_id_of_its_own(callback, lead):
    mine = "https://www.linkedin.com/in/dana-reyes"
    facts.enter(lead, {"linkedin_url": mine}, make_user())
    callback("linkedin_found_boolean", leadID=str(lead.pk), linkedinId="ACoAATB0001")
    lead.refresh_from_db()
    assert (lead.linkedin_url, lead.linkedin_member_id) == (mine, "")


def test_phone_of_another_lead_flags_both_and_merges_nothing(callback, lead, poster):
    owner = make_lead(poster.workspace, phone="+15555550123")
    callback("phone_found")
    lead.refresh_from_db()
    owner.refresh_from_db()
    assert lead.phone == "" and lead.identity_conflict and owner.identity_conflict


@pytest.mark.parametrize("lead_id", ["not-a-uuid", "0199d0c0-0000-7000-8000-000000000001"])
def test_unknown_lead_is_refused_by_name(callback, poster, lead_id):
    response = poster.post("clay", payload("clay", "phone_found") | {"leadId": lead_id})
    assert response.status_code == 400 and list(response.json()["fields"]) == ["leadId"]


def test_lead_of_another_workspace_is_as_unknown_as_any(other, lead):
    response = other.post("clay", payload("clay", "phone_found") | {"leadId": str(lead.pk)})
    assert response.status_code == 400
    lead.refresh_from_db()
    assert lead.phone == "" and not Enrichment.objects.exists()
