"""A snooze ends with the lead's next message: nothing a person wrote stays hidden."""

import pytest

from inbox.leads import rollup
from inbox.leads.folders import leads_in
from inbox.models.lead import Tag
from inbox.understanding.arrival import Arrival
from tests import factories
from tests.factories import ago


@pytest.fixture
def snoozed(db):
    return factories.make_lead(
        factories.make_workspace(), snoozed_until=ago(days=-5), last_inbound_at=ago(days=1)
    )


def test_new_message_is_back_among_those_that_need_a_reply(snoozed):
    message = factories.make_message(snoozed)
    rollup.add(snoozed, message, Arrival(message.text))
    assert list(leads_in(snoozed.workspace, "needs-reply")) == [snoozed]


def test_automatic_answer_leaves_it_snoozed(snoozed):
    message = factories.make_message(snoozed, tag=Tag.OUT_OF_OFFICE)
    rollup.add(snoozed, message, Arrival(message.text))
    assert list(leads_in(snoozed.workspace, "snoozed")) == [snoozed]
