"""A draft written anew: judged again, and finished by the next attempt where the first one died in between."""

from dataclasses import replace

import pytest

from inbox.models import Draft, GateResult, SendingPolicy
from inbox.replying import autosend, drafting, review
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_rewrite_whose_worker_died_before_the_gates_is_judged_by_the_next_attempt(world, monkeypatch):
    factories.make_policy(world.workspace, mode=SendingPolicy.Mode.SHADOW)
    message = world.reply("How much is it?")
    world.work()
    draft = world.draft(message)
    GateResult.objects.all().delete()
    review.request_rewrite(draft, user=world.user)
    ask, asked = autosend.evaluate, []

    def dies_once(*args):
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError("the worker died here")
        ask(*args)

    monkeypatch.setattr(autosend, "evaluate", dies_once)
    world.work()
    BackgroundJob.objects.filter(kind="draft.rewrite").update(run_at="2026-01-01T00:00:00Z")
    BackgroundJob.objects.get(kind="draft.rewrite").steps.all().delete()
    world.work()

    fresh = Draft.objects.get(pk=draft.pk)
    assert (fresh.revision, fresh.status) == (2, "pending")
    assert fresh.evaluation and fresh.would_send is not None and GateResult.objects.exists()


@pytest.fixture
def waiting(world):
    """A draft that waits, and a text for it that was newly written."""
    message = world.reply("How much is it?")
    world.work()
    return world.draft(message), drafting.write(message, Deadline.after_ms(30_000))


def test_of_two_rewrites_of_one_text_the_first_stays(waiting):
    draft, written = waiting
    other = Draft.objects.get(pk=draft.pk)  # as the other worker read it

    assert drafting.replace(draft, replace(written, text="The first."))
    assert not drafting.replace(other, replace(written, text="The second."))
    assert Draft.objects.values_list("text", "revision").get(pk=draft.pk) == ("The first.", 2)


def test_a_draft_that_was_decided_meanwhile_is_not_rewritten(waiting):
    draft, written = waiting
    Draft.objects.filter(pk=draft.pk).update(status=Draft.Status.REJECTED)

    assert not drafting.replace(draft, replace(written, text="Too late."))
    assert Draft.objects.get(pk=draft.pk).text != "Too late."


def test_without_a_model_nobody_is_promised_a_rewrite(world, settings):
    message = world.reply("How much is it?")
    world.work()
    settings.OPENAI_API_KEY = ""

    with pytest.raises(review.Refused, match="No model is connected"):
        review.request_rewrite(world.draft(message), user=world.user)
