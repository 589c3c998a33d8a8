"""What a draft was made of and what it cost: kept with it, shown under it, and a reason to hold it when it is old."""

import re

import pytest
from django.urls import reverse

from inbox.models import Draft, SendingPolicy
from inbox.replying import gates, provenance, review
from inbox.workspaces import factbook
from integrations.models import AiCall
from integrations.openai import catalog
from jobs.context import running_job
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
MESSAGES = (1, 2)
"""The reply, and our own mail where its import says that it went out before the reply came."""
PRICE = "$1,500 a month, cancelled any month."


@pytest.fixture
def fact(world):
    world.sandbox.set_answer("Strategy", {"facts": ["F1"]})
    return factories.make_fact(world.workspace, "What does it cost?", PRICE, "price")


def calls_of(draft):
    return [one["prompt"].split()[0] for one in draft.made_of["calls"]]


def what_made(draft):
    return provenance.of(draft, provenance.facts_of(draft))


def page(world, draft):
    world.client.force_login(world.user)
    answer = world.client.get(reverse("inbox:conversation", args=[world.workspace.pk, draft.lead_id]))
    return answer.content.decode()


def test_a_draft_keeps_its_facts_as_they_were_and_the_calls_that_made_it(world, fact):
    message = world.reply("How much is it?")
    world.work()
    draft = world.draft(message)
    factbook.change(fact, world.user, question=fact.question, answer="$1,700 a month.")

    assert draft.made_of["facts"] == [
        {"key": str(fact.pk), "kind": "price", "question": "What does it cost?", "answer": PRICE}
    ]
    assert draft.made_of["messages"] in MESSAGES and calls_of(draft) == ["strategy", "email", "verify"]
    ledger = AiCall.objects.filter(job_id=world.job(message).pk, feature__in=("strategy", "email", "verify"))
    assert [one["cost_microusd"] for one in draft.made_of["calls"]] == [
        call.cost_microusd for call in ledger.order_by("pk")
    ]
    made = what_made(draft)
    assert made.cost == provenance.dollars(sum(call.cost_microusd for call in ledger)) != "cost unknown"
    assert made.tokens == (sum(c.input_tokens for c in ledger), sum(c.output_tokens for c in ledger))


def test_the_evaluation_belongs_to_what_a_draft_cost_and_its_tag_does_not(world):
    factories.make_policy(world.workspace, mode=SendingPolicy.Mode.SHADOW)
    message = world.reply("How much is it?")
    world.work()

    assert calls_of(world.draft(message)) == ["strategy", "email", "verify", "evaluate"]
    assert AiCall.objects.filter(feature="tag", job_id=world.job(message).pk).exists()


def test_an_attempt_that_came_to_nothing_cost_too(world):
    world.sandbox.set_answer("Verification", {"problems": "not a list"}, count=1)
    message = world.reply("How much is it?")
    world.work()
    BackgroundJob.objects.filter(kind="inbound.process", status="queued").update(
        run_at="2026-01-01T00:00:00Z"
    )
    world.work()

    asked = calls_of(world.draft(message))
    assert asked == ["strategy", "email", "verify"] * 2


def test_a_draft_that_is_written_anew_costs_what_its_new_text_cost(world, fact):
    message = world.reply("How much is it?")
    world.work()
    first = world.draft(message)
    fact.delete()
    review.request_rewrite(first, user=world.user)
    world.work()

    again = Draft.objects.get(pk=first.pk)
    old = {one["id"] for one in first.made_of["calls"]}
    assert again.revision == 2 and again.made_of["facts"] == []
    assert calls_of(again)[:3] == ["strategy", "email", "verify"]
    assert not old & {one["id"] for one in again.made_of["calls"]}


def test_the_line_under_a_draft_says_of_what_it_is_made_and_what_it_cost(world, fact):
    message = world.reply("How much is it?")
    world.work()
    draft = world.draft(message)
    for one, cost in zip(draft.made_of["calls"], (2_000, 1_500, 700), strict=True):
        one["cost_microusd"] = cost
    draft.save()

    shown = page(world, draft)
    assert (
        re.search(r"Based on 1 fact, [12] messages?; \$0\.004", shown)
        and PRICE in shown
        and " since</span>" not in shown
    )

    factbook.change(fact, world.user, question=fact.question, answer="$1,700 a month.")
    assert "Changed since" in page(world, draft) and PRICE in page(world, draft)
    factbook.delete(fact, world.user)
    assert "Deleted since" in page(world, draft)


def test_a_model_whose_price_is_not_known_makes_the_cost_unknown_and_not_nothing(world, monkeypatch):
    unpriced = catalog.Model(catalog.MODELS["gpt-5.1"].efforts, None, None)
    monkeypatch.setitem(catalog.MODELS, "gpt-5.1", unpriced)
    message = world.reply("How much is it?")
    world.work()

    draft = world.draft(message)
    assert what_made(draft).cost == "cost unknown"
    assert re.search(r"Based on [12] messages?; cost unknown", page(world, draft))


def test_a_draft_of_the_release_before_says_nothing_of_its_making(world):
    draft = factories.make_draft(factories.make_message(factories.make_lead(world.workspace)))

    assert what_made(draft) is None and "Made of" not in page(world, draft)


@pytest.mark.parametrize(
    ("microusd", "words"),
    [
        (None, "cost unknown"),
        (0, "under $0.001"),
        (999, "under $0.001"),
        (4_200, "$0.004"),
        (1_234_000, "$1.23"),
    ],
)
def test_dollars(microusd, words):
    assert provenance.dollars(microusd) == words


def verified(draft):
    draft = Draft.objects.select_related("workspace", "lead__campaign", "trigger_message__campaign").get(
        pk=draft.pk
    )
    results = gates.judge(draft, stage="send", planned_at=draft.created_at)
    return next((r.evidence for r in results if r.gate == "verified" and not r.passed), "")


def test_a_draft_does_not_go_out_by_itself_once_a_fact_that_it_rests_on_has_changed(world, fact):
    message = world.reply("How much is it?")
    world.work()
    draft = world.draft(message)
    assert verified(draft) == ""

    factbook.change(fact, world.user, question=fact.question, answer="$1,700 a month.")

    assert verified(draft) == "The draft relies on a changed or removed fact: “What does it cost?”."


def test_a_draft_does_not_go_out_by_itself_once_a_phrase_of_it_is_never_said(world):
    message = world.reply("How much is it?")
    world.work()
    draft = world.draft(message)
    Draft.objects.filter(pk=draft.pk).update(text="Hi Dana, there is a money-back guarantee.")
    assert verified(draft) == ""

    factories.make_fact(world.workspace, "Money back guarantee", "", "never")

    assert verified(draft) == "The draft uses a phrase on your “Never said” list: Money back guarantee"


def test_outside_of_a_job_no_job_is_named(world):
    assert running_job() is None
