"""How close a lead is, and the reason that is shown."""

import pytest

from inbox.leads import score
from inbox.models import Lead


@pytest.mark.parametrize(
    ("tag", "fields", "value"),
    [
        ("Meeting Requested", {}, 4),
        ("Meeting Requested", {"title": "Owner", "company": "Reyes Roofing", "phone": "+12125550123"}, 4),
        ("Meeting Requested", {"title": "Intern"}, 3),
        ("Information Requested", {"title": "Office manager", "company": "Reyes Roofing"}, 3),
        ("Neutral", {"title": "CEO", "company": "Reyes Roofing", "phone": "+12125550123"}, 3),
        ("Not Interested", {"title": "Trainee"}, 1),
        ("Not Interested", {"title": "Founder", "company": "Reyes Roofing", "phone": "+12125550123"}, 2),
        ("Blacklist", {"title": "Owner"}, 0),
    ],
)
def test_intent_weighs_twice_and_fit_once(tag, fields, value):
    found = score.of(Lead(**fields), tag)

    assert found.value == value and 0 < len(found.reason) <= 200


@pytest.mark.parametrize("tag", ["Out of Office", "Automated Reply", "New", "Snoozed"])
def test_what_a_machine_wrote_says_nothing(tag):
    assert score.of(Lead(title="Owner"), tag) is None


def test_the_reason_names_what_counted():
    found = score.of(Lead(title="Owner", company="Reyes Roofing", phone="+12125550123"), "Interested")

    assert found.reason == "Reply: Interested (3 of 4). Profile: Owner, company and phone known (4 of 4)."


def test_fit_raises_nothing_above_what_a_person_decided():
    boss = Lead(title="CEO", company="Reyes Roofing", phone="+12125550123")

    assert score.of(boss, "Neutral").value == 3
    assert score.of(boss, "Neutral", "person 7") == (2, "Reply: Neutral (2 of 4), decided by a person.")
