"""A draft is kept only where it still answers the lead's newest word."""

import pytest

from inbox.models import Draft, OutboundSend, Workspace
from inbox.replying import drafting, review
from integrations.models import Integration
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


def test_an_email_ends_with_the_signature_of_the_address_that_answers(world):
    """Of the address, else of its account, else of the workspace, else the name that signs; in a draft and in a
    person's own email.
    """
    message = world.reply("Sounds good, how much is it?")
    workspace, address = message.workspace, message.account_address

    def ending() -> str:
        return drafting.write(message, soon()).text.rsplit("\n\n", 1)[1]

    written, workspace.signature = workspace.signature, " "
    assert ending() == "Alex Moreno"
    workspace.signature = written
    assert ending() == written
    account = Integration.objects.get(provider="emailbison")
    for signatures in ({"": "The account"}, {"": "The account", address.lower(): "Alex\nNorth desk"}):
        account.config["signatures"] = signatures
        account.save()
        assert ending() == list(signatures.values())[-1]
    OutboundSend.objects.all().delete()
    own = {"user": world.user, "channel": "email", "sign": True}
    send = review.send_own(message.lead, text="Hi Dana", client_token="a", **own)
    assert send.text == "Hi Dana\n\nAlex\nNorth desk"
    OutboundSend.objects.all().delete()
    send = review.send_own(message.lead, text=send.text, client_token="b", **own)
    assert send.text == "Hi Dana\n\nAlex\nNorth desk"
    OutboundSend.objects.all().delete()
    send = review.send_own(message.lead, text="Ask Alex\nNorth desk helps too", client_token="d", **own)
    assert send.text.endswith("too\n\nAlex\nNorth desk"), "words of the signature are no signature"
    Workspace.objects.update(signature="")
    OutboundSend.objects.all().delete()
    send = review.send_own(message.lead, text="Hi", client_token="c", **own | {"sign": False})
    assert send.text == "Hi"
