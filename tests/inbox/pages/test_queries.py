"""How many queries the pages that people look at all day take: few, and as many at any size."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.leads import assigning, facts
from inbox.leads.triage import Seen
from inbox.models import Appointment, ChannelRefusal, Enrichment, GateResult, Lead, Mention, Note, Workspace
from inbox.replying import review
from integrations.models import WorkspaceIntegrationHealth
from jobs.models import BackgroundJob, Worker
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = {
    "inbox/?view=all": 10,
    "inbox/{lead}/?view=all": 17,
    "jobs/": 16,
    "health/": 16,
    "deliveries/": 12,
    "integrations/": 16,
    "insights/": 16,
}
"""The pages under the workspace, and how many queries each may take for its owner."""


@pytest.fixture
def lead(workspace, people, settings) -> Lead:
    """A lead of whom everything is known that the page of a conversation can show."""
    settings.OPENAI_API_KEY = "sk-test"
    Workspace.objects.update(set_up_at=timezone.now())
    lead = factories.make_lead(workspace, campaign=factories.make_campaign(workspace), needs_reply=True)
    owner, now = people.users.owner, timezone.now()
    facts.enter(lead, {"phone": "+15125550142", "linkedin_url": "https://www.linkedin.com/in/dana"}, owner)
    fact = factories.make_fact(workspace)
    made = {"key": str(fact.pk), "kind": "answer", "question": fact.question, "answer": fact.answer}
    draft = factories.make_draft(
        factories.make_message(lead, suspected="opt_out"),
        made_of={"facts": [made], "slots": [], "messages": 1, "calls": []},
    )
    GateResult.objects.create(
        workspace=workspace, draft=draft, stage="draft", gate="hours", position=0, passed=False,
        evidence="Closed.", policy_version="1", decided_at=now,
    )  # fmt: skip
    review.request_rewrite(draft, user=owner)
    Lead.objects.filter(pk=lead.pk).update(suspected="opt_out")
    lead.refresh_from_db()
    assigning.give(workspace, owner, [Seen.of(lead)], workspace.memberships.get(user=owner))
    Enrichment.objects.create(workspace=workspace, lead=lead, kind=Enrichment.Kind.PHONE)
    ChannelRefusal.objects.create(
        workspace=workspace, lead=lead, channel="sms", code="sms_dnd", since=now, recheck_at=now
    )
    for query in ("tag=Interested", "draft=none"):
        factories.make_saved_view(workspace, owner, query=f"view=all&{query}")
    return lead


def grow(workspace, lead: Lead, number: int) -> None:
    """One more of all that the pages list."""
    message = factories.make_message(lead)
    job = BackgroundJob.objects.create(
        workspace=workspace, kind="inbound.process", dedupe_key=f"k{number}", status="failed",
        fingerprint=f"f{number}", finished_at=timezone.now(),
    )  # fmt: skip
    factories.make_delivery(workspace, lead=lead, message=message, job=job)
    factories.make_lead(workspace, campaign=factories.make_campaign(workspace))
    note = Note.objects.create(workspace=workspace, lead=lead, author=factories.make_user(), text="@Ana")
    Mention.objects.create(note=note, membership=workspace.memberships.first())
    Appointment.objects.create(
        workspace=workspace,
        lead=lead,
        provider="calendly",
        external_id=f"a{number}",
        starts_at=timezone.now(),
    )
    factories.make_sequence(workspace, {})
    Worker.objects.create(cluster=uuid4(), host=f"h{number}", pid=number)
    WorkspaceIntegrationHealth.objects.filter(
        integration=factories.make_integration(workspace, external_account_id=f"x{number}")
    ).update(state="quiet", last_success_at=timezone.now())


def test_pages_take_few_queries_and_as_many_for_sixty_rows_as_for_two(workspace, people, lead):
    def queries() -> dict[str, int]:
        found = {}
        for page in PAGES:
            path = f"/w/{workspace.pk}/{page.format(lead=lead.pk)}"
            people.owner.get(path)  # the first visit reads the lead and remembers the workspace
            with CaptureQueriesContext(connection) as captured:
                assert people.owner.get(path).status_code == 200
            found[page] = len(captured)
        return found

    for number in range(2):
        grow(workspace, lead, number)
    few = queries()
    for number in range(2, 60):
        grow(workspace, lead, number)
    assert queries() == few
    assert {page: count for page, count in few.items() if count > PAGES[page]} == {}


def test_the_first_steps_cost_other_pages_no_query(workspace, people, lead):
    def count(client) -> int:
        path = f"/w/{workspace.pk}/inbox/?view=all"
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    finished = count(people.owner)
    Workspace.objects.update(set_up_at=None)
    assert count(people.owner) == finished
