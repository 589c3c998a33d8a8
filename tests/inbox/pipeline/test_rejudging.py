"""manage.py rejudge: what today's rules say otherwise of stored replies, and the job that changes it."""

import contextlib
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inbox.intake import tag_decisions
from inbox.models import AuditEntry, ErasedMark, Lead, Message, TagDecision
from inbox.pipeline import rejudging
from inbox.understanding.rules import RULES_VERSION, ReplyText, judge
from integrations import registry
from integrations.events import MessageEvent
from jobs.models import BackgroundJob
from tests import factories
from tests.recorded import DAY_START, Line, traffic
from tests.webhooks.day import CALLBACKS, Day

pytestmark = pytest.mark.django_db(transaction=True)

WISH = "Please remove me from your list."
BUYER = "Sounds good, what does it cost for two crews?"
AWAY = "I am out of the office until January 4 and will answer when I am back."


RULES_7 = {
    WISH: "Blacklist",
    BUYER: "",
    AWAY: "Out of Office",
    "Sounds good, ring me at three.\n\nCorbel Doors Ltd. If you no longer wish to receive our offers, click here to "
    "unsubscribe.": "Blacklist",
    "Remove me.\n\nOpen Mon to Fri 8 to 5": "",
    "Lose my address, will you.": "perhaps opt_out",
    "Stop emailing me.": "perhaps opt_out",
    "We are locked in until 2028 … actually just take me off.": "",
    "Jag är inte på kontoret från och med 2026-12-14 och är tillbaka 2026-12-21.": "",
    "Please send me nothing until March 1.": "",
    "we had enough of mails": "perhaps opt_out",
    "your message was received": "perhaps auto_reply",
}
"""What rules 7 said of replies by e-mail, run at their last commit."""


DAY_BY_RULES_7 = json.loads(Path(__file__).with_name("recorded_day_by_rules_7.json").read_text())
"""What rules 7 said of the demo's recorded day, by workspace and reply, run at their last commit on its webhooks."""


def rejudge(*options: str) -> str:
    out = io.StringIO()
    call_command("rejudge", *options, stdout=out)
    return out.getvalue()


def report(*options: str) -> dict:
    return json.loads(rejudge("--json", *options))


def decided_before(message: Message, tag: str, **fields) -> Message:
    """Gives `message` the decision that rules of another version made."""
    by = "rules 1: opt_out.wording" if tag else ""
    Message.objects.filter(pk=message.pk).update(
        tag=tag, tag_decided_by=by, suspicion_decided_by="", **fields
    )
    TagDecision.objects.filter(message=message).delete()
    if tag:
        TagDecision.objects.create(
            workspace=message.workspace, lead=message.lead, message=message, tag=tag, kind="rule", by=by
        )
    message.refresh_from_db()
    return message


@pytest.fixture
def silenced(world):
    """A buyer whom the rules of before took for an opt-out."""
    message = world.reply(BUYER)
    world.work()
    decided_before(message, "Blacklist")
    lead = world.lead()
    lead.tag, lead.opted_out_at = "Blacklist", message.sent_at
    lead.save()
    return message


def test_what_the_rules_say_today_is_not_listed(world):
    for text in (WISH, BUYER, AWAY):
        world.reply(text)
    world.work()
    assert report()["counts"] == {}


def test_a_silenced_buyer_is_listed_and_nothing_changes(world, silenced):
    found = report()
    assert found["counts"] == {"freed": 1} and found["rules_version"] == RULES_VERSION
    (line,) = found["workspaces"][str(world.workspace.pk)]
    assert line == {
        "lead": str(silenced.lead_id),
        "message": str(silenced.pk),
        "before": "Blacklist",
        "after": "",
        "effect": "freed",
    }
    assert "1 freed" in rejudge() and "Nothing was changed" in rejudge()
    assert world.lead().is_stopped and not BackgroundJob.objects.filter(kind=rejudging.JOB).exists()


def test_applying_frees_the_buyer_in_a_job_with_a_line_for_each_lead_and_an_audit_entry(world, silenced):
    rejudge("--apply")
    world.work()

    assert not world.lead().is_stopped
    silenced.refresh_from_db()
    assert not silenced.tag_decided_by.startswith("rules 1")
    job = BackgroundJob.objects.get(kind=rejudging.JOB)
    assert job.result["counts"] == {"freed": 1} and job.result["leads"][0]["lead"] == str(silenced.lead_id)
    assert AuditEntry.objects.filter(action="tag.rejudge", object_id=str(silenced.pk)).count() == 1
    assert AuditEntry.objects.get(action=rejudging.AUDITED).data["version"] == RULES_VERSION
    assert report()["counts"] == {}


@pytest.mark.parametrize("other", ["unsubscribed at the provider", "another reply"])
def test_a_lead_who_has_another_stop_is_not_freed(world, silenced, other):
    if other == "another reply":
        factories.make_message(
            silenced.lead, WISH, tag="Blacklist", tag_decided_by="rules 1: opt_out.wording"
        )
    else:
        factories.make_delivery(world.workspace, lead=silenced.lead, verdict="accepted")
    (line,) = (
        line
        for line in report()["workspaces"][str(world.workspace.pk)]
        if line["message"] == str(silenced.pk)
    )
    assert line["effect"] == "unchanged"
    rejudge("--apply")
    world.work()
    assert world.lead().opted_out_at == silenced.sent_at
    assert Message.objects.get(pk=silenced.pk).tag != "Blacklist"


def test_applying_ends_the_address_that_a_reply_ends_which_older_rules_took_for_an_opt_out(world):
    message = world.reply("Remove info@example.org, write to me here. What does it cost?")
    world.work()
    ErasedMark.objects.all().delete()
    decided_before(message, "Blacklist")
    Lead.objects.filter(pk=message.lead_id).update(tag="Blacklist", opted_out_at=message.sent_at)

    rejudge("--apply")
    world.work()
    assert not world.lead().is_stopped and ErasedMark.objects.exists()


def test_applying_stops_whom_the_rules_of_before_overheard(world):
    message = world.reply(WISH)
    world.work()
    decided_before(message, "", suspected="opt_out", suspected_words=WISH)
    lead = world.lead()
    lead.tag, lead.opted_out_at, lead.suspected = "Neutral", None, "opt_out"
    lead.save()

    assert report()["counts"] == {"stopped": 1}
    rejudge("--apply")
    world.work()

    assert world.lead().is_stopped and world.lead().suspected == ""
    assert TagDecision.objects.filter(message=message, by__startswith=f"rules {RULES_VERSION}:").exists()


def test_replies_of_rules_7_are_listed_exactly_where_today_s_rules_say_otherwise(world):
    changed = {}
    for number, (text, before) in enumerate(RULES_7.items()):
        email = f"dana{number}@example.org"
        message = world.reply(text, email=email)
        suspected = before.removeprefix("perhaps ") if before.startswith("perhaps ") else ""
        decided_before(
            message, "" if suspected else before, suspected=suspected, suspected_words=suspected and text
        )
        today = judge(
            ReplyText("email", text, sender_email=email, sender_name="Dana Reyes", subject="Re: winter work")
        )
        after = today.tag or next((f"perhaps {hit.label}" for hit in today.perhaps), "")
        if after != before:
            changed[str(message.pk)] = (before, after)

    lines = report()["workspaces"][str(world.workspace.pk)]
    assert {line["message"]: (line["before"], line["after"]) for line in lines} == changed
    assert len(lines) == len(changed) == 6


def _brings_a_reply(line: Line) -> bool:
    if line.expect != "accepted" or line.source in CALLBACKS:
        return False
    events = registry.webhook_source(line.source).parse(line.body, DAY_START)
    events = events if isinstance(events, list | tuple) else [events]
    return any(isinstance(event, MessageEvent) and event.direction == "inbound" for event in events)


def test_of_the_demo_s_recorded_day_exactly_the_verdicts_that_differ_from_rules_7_are_listed():
    day = Day.create()
    for line in filter(_brings_a_reply, traffic()):
        day.post(line)
    changed = {}
    for label, poster in day.posters.items():
        for message in Message.objects.filter(workspace=poster.workspace, direction="inbound"):
            text = message.external_id.startswith("text:")
            reply = f"{message.source}:{message.raw_text[:60] if text else message.external_id}"
            by_rules_7 = DAY_BY_RULES_7[label]
            before = by_rules_7.get(reply, by_rules_7.get(reply.replace("_bounce:", "_reply:"), ""))
            today = message.tag or (f"perhaps {message.suspected}" if message.suspected else "")
            if not message.tag_decided_by.startswith("rules ") and message.tag:
                continue  # by the provider
            if today != before:
                changed[str(message.pk)] = (before, today)
            suspected = before.removeprefix("perhaps ") if before.startswith("perhaps ") else ""
            decided_before(message, "" if suspected else before, suspected=suspected)

    listed = [line for lines in report("--since", "3650d")["workspaces"].values() for line in lines]
    assert {line["message"]: (line["before"], line["after"]) for line in listed} == changed
    assert len(listed) == len(changed) >= 4


def test_what_a_model_tagged_as_today_s_rules_do_is_not_listed(world):
    message = world.reply(AWAY)
    world.work()
    decided_before(message, "")
    Message.objects.filter(pk=message.pk).update(
        tag="Out of Office", tag_decided_by="model gpt-5-mini, prompt 2"
    )
    assert report()["counts"] == {}


def test_what_only_a_model_suspects_stays_suspected(world):
    message = world.reply(BUYER)
    world.work()
    decided_before(message, "", suspected="opt_out", suspected_words=BUYER)
    assert report()["counts"] == {"shown": 1}
    by = "model gpt-5-mini, prompt 2"
    TagDecision.objects.create(
        workspace=message.workspace, lead=message.lead, message=message, tag="Neutral", kind="model", by=by
    )
    assert report()["counts"] == {}


def test_an_opt_out_that_only_a_model_suspects_stays_suspected_though_the_rules_see_an_absence(world):
    message = world.reply(AWAY)
    world.work()
    decided_before(message, "", suspected="opt_out", suspected_words=AWAY)
    TagDecision.objects.create(
        workspace=message.workspace,
        lead=message.lead,
        message=message,
        tag="Neutral",
        kind="model",
        by="model x",
    )
    assert report()["counts"] == {}


def test_what_a_person_decided_is_never_touched(world, silenced):
    tag_decisions.correct(silenced, "Blacklist", user=world.user)
    assert report()["counts"] == {}
    rejudge("--apply")
    world.work()
    assert world.lead().is_stopped


def test_what_a_header_decided_stays_as_headers_are_not_stored(world, silenced):
    Message.objects.filter(pk=silenced.pk).update(tag_decided_by="rules 1: auto_reply.headers")
    assert report()["counts"] == {}


def test_a_wish_that_was_taken_back_by_start_stops_nobody(world):
    message = world.reply(WISH)
    world.work()
    decided_before(message, "", suspected="opt_out", suspected_words=WISH)
    lead = world.lead()
    lead.opted_out_at, lead.opted_in_at = None, message.received_at
    lead.save()
    assert report()["counts"] == {"unchanged": 1}


def test_doctor_points_to_it_until_it_is_applied(world, silenced):
    def note() -> bool:
        out = io.StringIO()
        with contextlib.suppress(CommandError):
            call_command("doctor", "--no-providers", stdout=out)
        return (
            f"replies in {world.workspace.name} were tagged by rules older than {RULES_VERSION}"
            in out.getvalue()
        )

    assert note()
    rejudge("--apply")
    assert not note()


@pytest.mark.parametrize("since", ["30", "0d", "d", "-3d", "a week"])
def test_a_span_that_is_none_is_refused_by_name(since):
    with pytest.raises(CommandError, match="since"):
        call_command("rejudge", "--since", since)
