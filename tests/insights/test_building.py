"""Building a pack: what is read, what is paid, how it ends."""

import pytest
from django.utils import timezone

from inbox.models import Lead
from insights import packs, readings
from insights.models import ContextPack, ConversationInsight, PackThread
from insights.pack_building import early_after
from insights.readings import load_conversations
from insights.schema import SCHEMA_VERSION
from integrations.models import AiCall
from jobs.models import BackgroundJob
from tests import factories

Status = ContextPack.Status


def calls(feature: str) -> int:
    return AiCall.objects.filter(feature=feature).count()


def test_a_pack_reads_every_conversation_and_puts_them_together(sandbox, conversation, pack_of, work):
    leads = [conversation() for _ in range(3)]
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert (pack.status, pack.error, pack.target_threads) == (Status.COMPLETE, "", 3)
    assert set(pack.threads.values_list("lead_id", "status")) == {(lead.pk, "done") for lead in leads}
    assert pack.metrics["read"] == pack.metrics["paid"] == 3
    assert pack.prompt_version == "synthesise_pack v2"
    assert ConversationInsight.objects.filter(schema_version=SCHEMA_VERSION).count() == 3


def test_every_claim_and_quote_cites_a_message_of_the_pack(sandbox, conversation, pack_of, work):
    leads = [conversation() for _ in range(3)]
    pack = pack_of()

    work()

    pack.refresh_from_db()
    known = {str(pk) for lead in leads for pk in lead.messages.values_list("pk", flat=True)}
    cited = {message_id for claim in pack.synthesis["claims"] for message_id in claim["message_ids"]}
    quoted = {
        quote["message_id"]
        for insight in ConversationInsight.objects.all()
        for quote in insight.data["evidence_quotes"]
    }
    assert cited and cited <= known
    assert quoted and quoted <= known


def test_a_pack_costs_what_its_calls_cost(sandbox, conversation, pack_of, work):
    conversation(), conversation()
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert pack.cost_microusd == sum(AiCall.objects.values_list("cost_microusd", flat=True)) > 0


def test_nothing_of_somebody_who_is_being_erased_is_read(sandbox, conversation, pack_of, work):
    stays, goes, read = (conversation() for _ in range(3))
    first = pack_of()
    work()
    for lead in (goes, read):
        Lead.objects.filter(pk=lead.pk).update(erasing_at=timezone.now())
    ConversationInsight.objects.filter(lead=goes).delete()

    second = pack_of("And now?")
    work()

    assert [thread.lead for thread in second.threads.all()] == [stays]
    assert [thread.lead for thread in readings.readable(first)] == [stays]
    loaded = load_conversations([stays.pk, goes.pk], prompt_label="")
    assert loaded[stays.pk].ids and not loaded[goes.pk].ids


def test_an_unchanged_conversation_is_paid_for_once(sandbox, conversation, pack_of, work):
    conversation()
    pack_of("What gets meetings?")
    work()
    second = pack_of("What do they object to?")

    work()

    second.refresh_from_db()
    assert (second.status, second.metrics["paid"], calls("read_conversation")) == (Status.COMPLETE, 0, 1)


def test_a_conversation_that_went_on_is_read_again(sandbox, conversation, pack_of, work):
    lead = conversation()
    pack_of("What gets meetings?")
    work()
    factories.make_message(lead, "Actually Thursday is better.")
    pack_of("What do they object to?")

    work()

    assert calls("read_conversation") == 2


def test_without_conversations_a_pack_fails_and_says_why(sandbox, workspace, pack_of, work):
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert pack.status == Status.FAILED
    assert pack.error == "There are no conversations with a reply in this period and these campaigns."


def test_a_conversation_that_cannot_be_read_counts_as_failed_and_the_others_go_on(
    sandbox, conversation, pack_of, work
):
    conversation(), conversation("Poison.")
    sandbox.set_answer(schema="InsightAnswer", answer={"summary": 7}, contains="Poison.")
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert (pack.status, pack.metrics["read"], pack.metrics["failed"]) == (Status.COMPLETE, 1, 1)
    failed = pack.threads.get(status=PackThread.Status.FAILED)
    assert (failed.attempts, failed.error) == (3, "openai: provider failed (schema).")


def test_without_a_key_a_pack_fails_at_once(sandbox, conversation, pack_of, work, settings):
    settings.OPENAI_API_KEY = ""
    conversation()
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert (pack.status, "OPENAI_API_KEY" in pack.error) == (Status.FAILED, True)


def test_a_synthesis_that_keeps_failing_ends_the_pack_and_keeps_the_last_good_one(
    sandbox, conversation, pack_of, work
):
    conversation()
    good = pack_of()
    work()
    sandbox.set_answer(schema="PackSynthesis", answer={"answer": 7})
    pack = pack_of()

    for _ in range(4):
        BackgroundJob.objects.update(run_at="2020-01-01T00:00Z")
        work()

    pack.refresh_from_db()
    good.refresh_from_db()
    assert (pack.status, pack.synthesis_attempts) == (Status.FAILED, 3)
    assert pack.error.startswith("The conversations were read, but summarising them failed 3 times")
    assert (pack.previous, good.status, bool(good.synthesis)) == (good, Status.COMPLETE, True)


def test_the_question_is_answered_early_from_the_first_conversations(
    sandbox, conversation, pack_of, work, settings
):
    settings.INSIGHTS_CONTEXT_PACK_CRON_BATCH = 10
    for _ in range(12):
        conversation()
    pack = pack_of()

    work()

    pack.refresh_from_db()
    assert (pack.early_threads, bool(pack.early_answer["claims"]), pack.status) == (10, True, "COMPLETE")


def test_a_pack_that_was_stopped_stays_stopped(sandbox, conversation, pack_of, work, workspace):
    conversation()
    pack = pack_of()
    user = factories.make_member(workspace)

    assert packs.stop(pack, user)
    work()

    pack.refresh_from_db()
    assert (pack.status, pack.error) == (Status.FAILED, f"Stopped by {user}.")
    assert calls("read_conversation") == 0


@pytest.mark.parametrize("count,early", [(4, 10), (40, 10), (75, 19), (400, 50)])
def test_the_early_answer_comes_after_a_quarter_but_ten_at_least_and_fifty_at_most(count, early):
    assert early_after(count) == early
