"""Looking for the lead that an event names."""

import pytest
from django.db import connection, transaction

from inbox.leads.identity import named_by
from inbox.models import Lead
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


def test_looking_for_a_lead_reads_the_index_of_the_identity():
    """The indexes are partial: the planner must see from the condition that the row has such an identity."""
    workspace = make_workspace()
    names = ["email", "phone", "linkedin_member_id", "linkedin_url", "ghl_contact_id"]
    Lead.objects.bulk_create(
        Lead(workspace=workspace, **{name: f"v{number}"}) for number in range(1_000) for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead")
    for name in names:
        with transaction.atomic():
            plan = named_by(workspace, {name: "v1"}).explain()
        assert f"lead_one_{name}" in plan and "Seq Scan" not in plan
        assert ("lead_alternate_emails" in plan) == (name == "email")
        assert ("lead_alternate_phones" in plan) == (name == "phone")
        assert ("lead_alternate_contacts" in plan) == (name == "ghl_contact_id")
