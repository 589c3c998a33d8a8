"""The page that merges two leads."""

import pytest
from django.urls import reverse

from inbox.models import Lead
from tests.factories import make_lead, make_message, make_workspace


@pytest.fixture
def keep(workspace):
    return make_lead(workspace, email="dana@example.com", phone="", first_name="Dana", last_name="Reyes")


@pytest.fixture
def other(workspace):
    return make_lead(workspace, email="d.reyes@example.org", phone="+15555550123", identity_conflict=True)


@pytest.fixture
def url(workspace, keep):
    return reverse("inbox:merge", args=[workspace.pk, keep.pk])


def test_page_offers_leads_in_conflict_and_finds_others(people, url, other, workspace):
    stranger = make_lead(workspace, first_name="Quentin")
    assert people.owner.get(url).context["candidates"] == [other]
    assert people.owner.get(url, {"q": "Quentin"}).context["candidates"] == [stranger]


def test_preview_comes_before_anything_happens(people, url, other):
    make_message(other)
    page = people.owner.get(url, {"other": other.pk}).content.decode()
    assert "1 message" in page and "+15555550123" in page
    assert Lead.objects.filter(pk=other.pk).exists()


def test_merge_happens_on_post_and_leads_to_the_conversation(people, url, keep, other, workspace):
    response = people.owner.post(url, {"other": other.pk})
    assert response["Location"] == reverse("inbox:conversation", args=[workspace.pk, keep.pk])
    assert Lead.objects.get() == keep


def test_refusal_is_shown_in_words(people, url, keep):
    page = people.owner.post(url, {"other": keep.pk}, follow=True)
    assert "Choose another one" in page.content.decode()


@pytest.mark.parametrize("other_id", ["x", "00000000-0000-4000-8000-000000000000"])
def test_nobody_is_a_404(people, url, other_id):
    assert people.owner.get(url, {"other": other_id}).status_code == 404


def test_lead_of_another_workspace_is_nobody(people, url):
    foreign = make_lead(make_workspace())
    assert people.owner.post(url, {"other": foreign.pk}).status_code == 404
    assert Lead.objects.filter(pk=foreign.pk).exists()


def test_member_may_not_merge(people, url, other):
    assert people.member.post(url, {"other": other.pk}).status_code == 403
