"""The pages of "Apply to similar replies?": offered after a decision, shown before it is done, done by a job."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.models import Message
from inbox.pipeline import alike
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories

pytestmark = pytest.mark.django_db


def reply(workspace, **fields) -> Message:
    judged = {"tag": "Not Interested", "tag_decided_by": "rules 6: not_interested.refusal"}
    lead = factories.make_lead(workspace)
    return factories.make_message(lead, "No thanks.", **judged | fields)


@pytest.fixture
def message(workspace):
    return reply(workspace)


def page(client, message, name="alike"):
    return client.get(reverse(f"inbox:{name}", args=[message.workspace_id, message.pk]))


def form_of(client, message) -> dict[str, str]:
    html = page(client, message).content.decode()
    return dict(re.findall(r'name="(decision|until)" value="([^"]+)"', html))


def post(client, message, data):
    return client.post(reverse("inbox:alike", args=[message.workspace_id, message.pk]), data, follow=True)


def test_a_correction_offers_the_others_and_the_dry_run_lists_them_with_links(people, workspace, message):
    other = reply(workspace)
    client = people.member
    answer = client.post(
        reverse("inbox:why", args=[workspace.pk, message.pk]), {"tag": "Interested"}, follow=True
    )
    offer = answer.content.decode()
    assert "1 other reply with the same words got the same tag" in offer
    assert 'data-shortcut="alike"' in offer

    html = page(client, message).content.decode()
    assert "1 reply would change" in html and "A draft will be written" not in html
    assert f"{reverse('inbox:conversation', args=[workspace.pk, other.lead_id])}#message-{other.pk}" in html
    other.refresh_from_db()
    assert other.tag == "Not Interested" and not BackgroundJob.objects.filter(kind=alike.JOB).exists()


def test_a_yes_or_no_in_the_conversation_offers_the_others(people, workspace):
    held = {"tag": "", "tag_decided_by": "", "suspected": "opt_out", "suspected_words": "No thanks."}
    first, _ = reply(workspace, **held), reply(workspace, **held)
    url = reverse("inbox:suspicion", args=[workspace.pk, first.pk])
    html = people.member.post(url, {"answer": "no"}, follow=True).content.decode()
    assert (
        "Apply to similar replies?" in html and reverse("inbox:alike", args=[workspace.pk, first.pk]) in html
    )


def test_pressing_the_button_has_a_job_do_it_and_shows_how_far_it_is(people, workspace, message):
    other = reply(workspace)
    tag_decisions.correct(message, "Objection", user=people.users.member)
    html = post(people.member, message, form_of(people.member, message)).content.decode()
    assert "Updating 1 similar reply." in html and "hx-get" in html

    drain()
    other.refresh_from_db()
    assert other.tag == "Objection"
    done = page(people.viewer, message, "alike-progress").content.decode()
    assert "1 updated." in done and "hx-get" not in done
    history = page(people.member, other, "why").content.decode()
    assert reverse("inbox:why", args=[workspace.pk, message.pk]) in history


def test_the_newest_fifty_are_listed_and_all_are_counted(people, workspace, message):
    tag_decisions.correct(message, "Objection", user=people.users.member)
    Message.objects.bulk_create(
        Message(
            workspace=workspace, lead=message.lead, source="emailbison_reply", external_id=f"many-{number}",
            direction="inbound", channel="email", text="no thanks", tag="Not Interested",
            tag_decided_by="rules 6: not_interested.refusal", sent_at=timezone.now(),
        )
        for number in range(53)
    )  # fmt: skip
    html = page(people.member, message).content.decode()
    assert "53 replies would change" in html and "showing the newest 50" in html
    assert html.count('data-label="Tag"') == 50


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"decision": "0190b8a0-0000-7000-8000-000000000000"}, "Someone has reviewed this reply since then"),
        ({"decision": "x"}, "decision: "),
        ({"until": "yesterday"}, "until: "),
        ({"until": "2020-01-01T00:00:00Z"}, "No more similar replies"),
    ],
)
def test_what_is_not_what_the_dry_run_showed_is_refused_in_words(people, workspace, message, changed, said):
    reply(workspace)
    tag_decisions.correct(message, "Objection", user=people.users.member)
    data = form_of(people.member, message) | changed
    assert said in post(people.member, message, data).content.decode()
    assert not BackgroundJob.objects.filter(kind=alike.JOB).exists()


def test_before_anybody_has_decided_there_is_nothing_to_treat_alike(people, workspace, message):
    reply(workspace)
    assert "No one has reviewed this reply yet" in page(people.member, message).content.decode()
    assert "Correct its tag first" in post(people.member, message, {}).content.decode()


def test_a_viewer_looks_and_starts_nothing(people, workspace, message):
    reply(workspace)
    tag_decisions.correct(message, "Objection", user=people.users.member)
    html = page(people.viewer, message).content.decode()
    assert "1 reply would change" in html and "Treat all 1 alike" not in html
    data = form_of(people.member, message)
    assert post(people.viewer, message, data).status_code == 403
    assert page(people.outsider, message).status_code == 404
    assert post(people.outsider, message, data).status_code == 404
    assert post(people.owner, message, data).status_code == 200
    assert BackgroundJob.objects.filter(kind=alike.JOB).count() == 1
