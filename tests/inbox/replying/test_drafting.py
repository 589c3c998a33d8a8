"""A draft is kept only where it still answers the lead's newest word."""

import pytest

from inbox.models import Draft
from inbox.replying import drafting
from jobs.deadline import Deadline

pytestmark = pytest.mark.django_db


def soon() -> Deadline:
    return Deadline.after_ms(60_000)


def test_a_reply_that_arrives_while_the_model_writes_leaves_no_draft_for_the_one_before(world):
    """Guard: `lead.last_inbound_at > message.sent_at` in `drafting.keep`."""
    message = world.reply("Sounds good, how much is it?")
    written = drafting.write(message, soon())
    newer = world.reply("Forget the price. Can you call me on Thursday?")
    assert newer.sent_at > message.sent_at

    assert drafting.keep(message, written) is None
    assert Draft.objects.count() == 0

    kept = drafting.keep(newer, drafting.write(newer, soon()))
    assert kept is not None and kept.trigger_message == newer
