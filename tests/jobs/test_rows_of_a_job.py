"""A job finds the row that its payload names in its own workspace alone."""

from types import SimpleNamespace

import pytest

from inbox.models import Lead
from jobs.context import JobContext
from jobs.enqueue import enqueue_about
from tests import factories


@pytest.mark.django_db
def test_a_row_of_another_workspace_is_not_found():
    lead = factories.make_lead(factories.make_workspace("Northwind"))
    job = SimpleNamespace(payload={"lead_id": str(lead.pk)}, workspace_id=lead.workspace_id)
    assert JobContext.row(job, Lead.objects.all(), "lead_id") == lead
    job.workspace_id = factories.make_workspace("Elsewhere").pk
    with pytest.raises(Lead.DoesNotExist):
        JobContext.row(job, Lead.objects.all(), "lead_id")


@pytest.mark.django_db
def test_a_job_about_a_row_is_made_once_for_each_key():
    lead = factories.make_lead(factories.make_workspace("Northwind"))
    job, created = enqueue_about("lead.identify", lead, "lead_id")
    assert created and (job.workspace_id, job.payload) == (lead.workspace_id, {"lead_id": str(lead.pk)})
    assert job.dedupe_key == f"lead.identify:{lead.pk}"
    assert not enqueue_about("lead.identify", lead, "lead_id")[1]
    assert enqueue_about("lead.identify", lead, "lead_id", key="again")[1]
