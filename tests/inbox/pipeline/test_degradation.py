"""Without the model: everything stays visible, nothing is guessed, and it catches up by itself, in order."""

from datetime import timedelta
from html import unescape

import pytest
from django.db.models import F
from django.utils import timezone

from inbox.models import Draft, Lead, ModelOutage, TagDecision
from inbox.pipeline import run
from inbox.replying import drafting, review
from inbox.replying.prompts import model_calls
from jobs import actions, queue
from jobs.ids import uuid7
from jobs.lost_workers import jobs_are_due
from jobs.models import BackgroundJob
from tests import forms
from tests.world import World, forget_calls

pytestmark = pytest.mark.django_db
PAST = timezone.now() - timedelta(days=1)


def due(*kinds):
    BackgroundJob.objects.filter(kind__in=kinds, status="queued").update(run_at=PAST)


def reset_breaker():
    from integrations.models import CircuitBreaker

    CircuitBreaker.objects.all().delete()
    ModelOutage.objects.update(tried_at=PAST - timedelta(hours=1))  # the minute in which it was tried is over
    forget_calls()


def test_an_outage_puts_the_job_off_to_the_next_full_minute_at_no_attempt(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    message = world.reply("How much is it?")
    world.work()

    job = world.job(message)
    assert (job.status, job.attempts) == ("queued", 0)
    assert (job.run_at.second, job.snoozes) in ((0, 1), (59, 1))
    assert world.lead().awaiting_model and world.lead().needs_reply


def test_what_waited_through_an_outage_is_worked_on_in_the_order_it_came(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(4)]
    world.work()
    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    due("inbound.process")
    world.work()

    decided = TagDecision.objects.order_by("created_at").values_list("message_id", flat=True)
    assert list(decided) == [message.pk for message in messages]
    assert Draft.objects.count() == 4


def work_all(world):
    while jobs_are_due():
        world.work()


@pytest.mark.shortened
def test_the_replies_of_an_outage_are_claimed_and_drafted_in_the_order_they_came(world):
    many = forms.either(12, 50)
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(many)]
    came = [message.pk for message in messages]
    work_all(world)
    put_off = BackgroundJob.objects.filter(kind="inbound.process", status="queued", attempts=0)
    assert put_off.count() == many

    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    # Time goes by: what was put off is due, as far apart as it was.
    put_off.update(run_at=F("run_at") - timedelta(minutes=10))
    token, claimed = queue.claim(worker := uuid7(), many)
    assert [str(pk) for pk in came] == [
        job.payload["message_id"] for job in claimed if "message_id" in job.payload
    ]
    queue.give_back(token, worker)
    work_all(world)

    assert list(Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)) == came


def test_those_that_asked_in_vain_are_answered_before_those_that_came_later_and_did_not_ask(world):
    """They wait longer where the provider, or the circuit that it opened, asks for it."""
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(4)]
    world.work()
    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    minute = timezone.now().replace(second=0, microsecond=0)
    jobs = BackgroundJob.objects.filter(kind="inbound.process", status="queued")
    assert jobs.update(run_at=minute) == 4
    jobs.filter(pk=world.job(messages[0]).pk).update(run_at=minute + timedelta(minutes=3))
    work_all(world)

    drafted = Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)
    assert list(drafted) == [message.pk for message in messages]


def put_off(world, n: int = 2) -> dict:
    """Replies that asked a model that throttles us, or waited behind one that did; and for when they are put off."""
    fault = world.sandbox.fault(provider="openai", kind="rate_limit", retry_after=600, path="/responses")
    for one in range(n):
        world.reply(f"How much is it? {one}", email=f"lead{one}@example.org")
    work_all(world)
    world.sandbox.clear_faults(fault.id)
    return times()


def times() -> dict:
    return dict(
        BackgroundJob.objects.filter(kind="inbound.process", status="queued").values_list("pk", "run_at")
    )


def answered(world, text: str) -> None:
    """A reply comes in and the model answers about it, just after it failed somewhere."""
    model_calls.note_away("openai: unreachable.")
    message = world.reply(text)
    work_all(world)
    assert world.job(message).status == "succeeded" and model_calls.outage() is None


def test_what_one_workspace_is_asked_to_wait_for_another_workspaces_answers_do_not_shorten(world):
    until = put_off(world)
    assert len(until) == 2
    other = World.make(world.sandbox, "Southwind")

    answered(other, "How much is it?")
    assert times() == until
    answered(other, "How much is it, please?")

    assert times() == until


def test_a_waiting_reply_that_a_person_moved_stays_where_it_was_put(world):
    put_off(world, 1)
    reset_breaker()
    [pk] = times()
    moment = timezone.now() + timedelta(hours=5)
    actions.run_at([pk], moment, workspace_id=world.workspace.pk, actor=world.user)

    answered(world, "How much is it, please?")

    assert times() == {pk: moment}


def test_a_reply_that_waited_behind_one_without_a_usable_answer_goes_on_with_the_next_answer(world):
    world.sandbox.fault(provider="openai", kind="error", status=401, path="/responses")
    innocent = world.reply("How much is it?")
    work_all(world)
    due("inbound.process")
    model_calls.note_away(model_calls.UNUSABLE)
    work_all(world)
    assert world.job(innocent).run_at > timezone.now() - timedelta(minutes=1)
    assert "OpenAI rejected the API key" in world.job(innocent).last_error

    world.sandbox.clear_faults()
    answered(world, "How much is it, please?")

    assert world.job(innocent).status == "succeeded"


def test_what_is_due_already_keeps_its_time_when_the_model_answers(world):
    until = put_off(world, 1)
    reset_breaker()
    BackgroundJob.objects.filter(pk__in=until).update(run_at=PAST)
    model_calls.note_away("openai: unreachable.")

    model_calls._note(model_calls._end_outage)

    assert set(times().values()) == {PAST}


def test_a_key_that_is_set_later_catches_up_oldest_first_and_only_once(world, settings):
    settings.OPENAI_API_KEY = ""
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(3)]
    world.work()
    assert run.catch_up_tick(None) == {"enqueued": 0, "left": 0}

    settings.OPENAI_API_KEY = "key-openai"
    assert run.catch_up_tick(None) == {"enqueued": 3, "left": 0}
    assert run.catch_up_tick(None) == {"enqueued": 0, "left": 0}
    world.work()

    assert [draft.trigger_message_id for draft in Draft.objects.order_by("created_at")] == [
        m.pk for m in messages
    ]
    assert list(run.waiting()) == []


def test_a_reply_that_the_provider_marked_waits_for_its_draft_and_gets_it(world, settings):
    settings.OPENAI_API_KEY = ""
    message = world.reply("Sounds good.", interested=True)
    world.work()
    assert world.lead().tag == "Interested" and world.lead().awaiting_model

    settings.OPENAI_API_KEY = "key-openai"
    run.catch_up_tick(None)
    world.work()

    assert world.draft(message) is not None and not world.lead().awaiting_model


REFUSALS = {
    "refusing": (
        "error",
        {"status": 400, "code": "unsupported_value"},
        "OpenAI rejected the request (unsupp",
    ),
    "a model that is gone": ("error", {"status": 404}, "OpenAI rejected the request (model_not_found"),
    "a bad key": ("error", {"status": 401}, "OpenAI rejected the API key (invalid_api_key"),
    "out of quota": (
        "error",
        {"status": 429, "code": "insufficient_quota"},
        "OpenAI says the quota is used up",
    ),
}


def later(world):
    """The next full minute: what was put off is due, in the order in which it was made."""
    ModelOutage.objects.update(tried_at=PAST - timedelta(hours=1))
    due("inbound.process", "inbound.catch_up")
    work_all(world)


def waits(world, messages, why):
    """The state of the jobs and leads, the list, and the banner, which must give the reason `why`."""
    jobs = [world.job(message) for message in messages]
    world.client.force_login(world.user)
    listed = world.client.get(f"/w/{world.workspace.pk}/inbox/?view=not-understood").content.decode()
    banner = unescape(world.client.get(f"/w/{world.workspace.pk}/health/banner/?seen=").content.decode())
    return {
        "jobs": {(job.status, job.snoozes > 0) for job in jobs},
        "understood": {lead.is_understood for lead in Lead.objects.all()},
        "rows": listed.count('<li class="row'),
        "list names them": "Not understood yet" in listed,
        "list calls them neutral": "Neutral</span>" in listed,
        "banner lacks": [
            words
            for words in ("The model hasn’t responded", why, "3 replies aren’t understood yet")
            if words not in banner
        ],
    }


THREE_WAIT = {
    "jobs": {("queued", True)},
    "understood": {False},
    "rows": 3,
    "list names them": True,
    "list calls them neutral": False,
    "banner lacks": [],
}


def catches_up(world, messages):
    """The order of the decisions and drafts, as positions of `messages`, the jobs and leads, and the banner."""
    positions = {message.pk: position for position, message in enumerate(messages)}
    decisions = TagDecision.objects.filter(kind="model").order_by("pk").values_list("message_id", flat=True)
    drafts = Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)
    polled = world.client.get(f"/w/{world.workspace.pk}/health/banner/?seen=")
    banner = polled.content.decode()
    return {
        "decisions": [positions.get(pk) for pk in decisions],
        "drafts": [positions.get(pk) for pk in drafts],
        "jobs": {world.job(message).status for message in messages},
        "leads that wait": Lead.objects.filter(awaiting_model=True).count(),
        "model is back": polled.status_code == 204 or "OpenAI is back for Northwind" in banner,
        "model is away": "The model hasn’t responded" in banner,
    }


THREE_CAUGHT_UP = {
    "decisions": [0, 1, 2],
    "drafts": [0, 1, 2],
    "jobs": {"succeeded"},
    "leads that wait": 0,
    "model is back": True,
    "model is away": False,
}


def ask_three(world):
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(3)]
    work_all(world)
    return messages


@pytest.mark.parametrize("drill", REFUSALS)
def test_a_drill_with_a_model_that_refuses(world, drill):
    kind, details, why = REFUSALS[drill]
    fault = world.sandbox.fault(provider="openai", kind=kind, path="/responses", **details)
    messages = ask_three(world)
    assert waits(world, messages, why) == THREE_WAIT
    assert world.steps(messages[0])["follow-ups"][0] == "done"
    later(world)
    assert waits(world, messages, why) == THREE_WAIT

    world.sandbox.clear_faults(fault.id)
    later(world)
    assert catches_up(world, messages) == THREE_CAUGHT_UP


def test_a_drill_with_a_model_that_is_away(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = ask_three(world)
    assert waits(world, messages, "openai: ") == THREE_WAIT

    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    later(world)
    assert catches_up(world, messages) == THREE_CAUGHT_UP


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://api.openai.com/v1", "the address must be https://"),
        ("http://api.openai.example/v1", "the address must begin with https://"),
    ],
)
def test_a_drill_with_a_wrong_address(world, settings, address, why):
    right = settings.OPENAI_BASE_URL
    settings.OPENAI_BASE_URL = address
    messages = ask_three(world)
    assert waits(world, messages, why) == THREE_WAIT

    settings.OPENAI_BASE_URL = right
    later(world)
    assert catches_up(world, messages) == THREE_CAUGHT_UP


def test_a_drill_with_a_model_that_talks_nonsense(world):
    fault = world.sandbox.fault(provider="openai", kind="invalid_json", path="/responses")
    messages = ask_three(world)
    for _attempt in range(4):
        due("inbound.process")
        work_all(world)
    assert waits(world, messages, "The model didn’t give a usable answer in 4 attempts.") == THREE_WAIT

    world.sandbox.clear_faults(fault.id)
    later(world)
    assert catches_up(world, messages) == THREE_CAUGHT_UP


def test_of_all_that_wait_only_the_first_asks_a_model_that_is_still_away(world):
    world.sandbox.fault(provider="openai", kind="error", status=401, path="/responses")
    ask_three(world)
    asked = len(world.sandbox.requests(provider="openai"))
    later(world)
    assert len(world.sandbox.requests(provider="openai")) == asked + 1


def test_a_text_that_gets_no_usable_answer_for_long_is_asked_about_once_an_hour(world):
    world.sandbox.fault(provider="openai", kind="invalid_json", path="/responses")
    message = world.reply("How much is it?")
    BackgroundJob.objects.filter(kind="inbound.process").update(snoozes=10, attempts=3)
    work_all(world)
    assert world.job(message).run_at.minute == 0 and world.job(message).run_at > timezone.now()


def test_what_waits_for_an_hour_waits_for_the_next_minute_once_a_long_outage_ends(world):
    world.sandbox.fault(provider="openai", kind="error", status=401, path="/responses")
    waiting = world.reply("How much is it?")
    work_all(world)
    world.sandbox.clear_faults()
    BackgroundJob.objects.filter(kind="inbound.process").update(run_at=timezone.now() + timedelta(hours=1))
    ModelOutage.objects.update(since=timezone.now() - timedelta(minutes=11))
    world.reply("How much is it, please?", email="other@example.org")
    work_all(world)
    assert world.job(waiting).run_at <= timezone.now() + timedelta(minutes=1)


YES = (
    "Yes", "Yes.", "Yes!", "Sure", "Sure!", "Agreed", "Done.", "Definitely", "Absolutely!", "I'm in!", "Ok", "Okay.",
    "Sounds good", "Sounds good!", "Yes please", "Great", "Perfect!", "Let's do it", "Works for me", "Of course",
)  # fmt: skip


def say_yes(world, texts=YES):
    for number, text in enumerate(texts):
        world.reply(text, email=f"yes{number}@example.org")
    work_all(world)
    assert Lead.objects.filter(needs_reply=True).count() == len(texts)


@pytest.mark.shortened
def test_short_yes_answers_wait_for_a_reply_each_with_a_draft(world):
    texts = YES[:: forms.either(5, 1)]
    world.sandbox.set_answer("Reading", {"tag": "Interested"})
    say_yes(world, texts)
    assert Draft.objects.filter(status="pending").count() == len(texts)


def test_twenty_short_yes_answers_without_a_model_are_not_understood_yet(world, settings):
    settings.OPENAI_API_KEY = ""
    say_yes(world)
    world.client.force_login(world.user)
    listed = world.client.get(f"/w/{world.workspace.pk}/inbox/?view=not-understood").content.decode()
    assert listed.count('<li class="row') == 20
    assert (
        "No model is connected (OPENAI_API_KEY is not set)" in listed and "The oldest reply arrived" in listed
    )


def test_what_was_answered_while_the_draft_was_written_gets_no_draft(world, monkeypatch):
    write = drafting.write

    def slowly(message, deadline):
        written = write(message, deadline)
        review.send_own(
            message.lead, user=world.user, channel="email", text="Hi, I called.", client_token="1"
        )
        return written

    monkeypatch.setattr(drafting, "write", slowly)
    message = world.reply("How much is it?")
    world.work()

    assert world.draft(message) is None
    assert "A newer reply or answer arrived while" in world.steps(message)["draft"][1]


def test_a_tag_whose_evidence_nobody_wrote_is_left_to_a_person_and_not_asked_again(world):
    world.sandbox.set_answer("Reading", {"quote": "words nobody wrote"})
    message = world.reply("How much is it?")
    world.work()

    decision = TagDecision.objects.get(message=message)
    assert (decision.tag, decision.quote) == ("Neutral", "")
    assert "A person needs to choose the tag" in decision.reason
    assert not world.lead().awaiting_model and world.draft(message) is None


def test_meeting_booked_without_an_appointment_is_only_a_request(world):
    world.sandbox.set_answer("Reading", {"tag": "Meeting Booked"})
    message = world.reply("I just booked a slot with you.")
    world.work()

    decision = TagDecision.objects.get(message=message)
    assert decision.tag == "Meeting Requested" and "No appointment is known" in decision.reason


@pytest.mark.parametrize(
    ("tag", "suspected"),
    [("Blacklist", "opt_out"), ("Automated Reply", "auto_reply"), ("Out of Office", "out_of_office")],
)
def test_a_tag_that_silences_is_only_suspected_where_a_model_alone_reads_it(world, tag, suspected):
    words = "Which crews do you work with?"
    world.sandbox.set_answer("Reading", {"tag": tag})
    message = world.reply(words)
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.suspected_words, lead.is_stopped) == (suspected, words, False)
    assert (lead.tag, lead.needs_reply, world.draft(message)) == ("Neutral", True, None)


def test_a_model_that_suspects_something_else_than_the_rules_decides_nothing(world):
    world.sandbox.set_answer("Reading", {"tag": "Out of Office"})
    world.reply("we had enough of mails")
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.is_stopped, lead.tag, lead.needs_reply) == (
        "opt_out",
        False,
        "Neutral",
        True,
    )


def test_a_draft_that_makes_up_a_price_is_revised_once_and_then_held_with_the_reason(world):
    world.sandbox.set_answer("Text", {"text": "Hi Dana, it is $1,500 a month for a crew like yours."})
    message = world.reply("How much is it?")
    world.work()

    draft = world.draft(message)
    assert draft.verification["revised"] is True
    assert draft.status_reason.startswith("Check the draft: The draft names a price")
    texts = [r for r in world.sandbox.requests(provider="openai") if r["method"] == "POST"]
    assert len(texts) >= 4


def test_a_day_without_openai_tags_by_rules_shows_everything_and_catches_up_by_itself_in_order(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    asked = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(3)]
    refused = world.reply("Please unsubscribe me.", email="gone@example.org")
    away = world.reply(
        "I am out of the office until May 3, 2027.", email="away@example.org", automated_reply=True
    )
    world.work()

    tags = dict(Lead.objects.values_list("email", "tag"))
    assert tags["gone@example.org"] == "Blacklist" and tags["away@example.org"] == "Out of Office"
    assert [world.job(message).status for message in (refused, away)] == ["succeeded"] * 2
    assert Draft.objects.count() == 0
    world.client.force_login(world.user)
    waiting = world.client.get(f"/w/{world.workspace.pk}/inbox/?view=needs-reply").content.decode()
    assert waiting.count('<li class="row') == 3
    open_one = world.client.get(f"/w/{world.workspace.pk}/inbox/{asked[0].lead_id}/").content.decode()
    assert "How much is it? 0" in open_one and "Not understood yet" in open_one

    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    due("inbound.process")  # the next full minute
    world.work()

    decided = TagDecision.objects.filter(kind="model").order_by("created_at")
    assert [decision.message_id for decision in decided] == [message.pk for message in asked]
    drafted = Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)
    assert list(drafted) == [message.pk for message in asked]
    assert not Lead.objects.filter(awaiting_model=True).exists()
