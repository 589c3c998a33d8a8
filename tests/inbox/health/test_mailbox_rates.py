"""Mailboxes: what each sent and got in 30 days, and that one whose mail goes wrong is named the same day."""

from datetime import datetime, timedelta
from random import Random

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from inbox.health import mailbox_rates
from inbox.models import Lead, MailboxAlarm, Message, Workspace
from integrations.health import writer
from integrations.models import Integration, Notice
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.reading import pages_of, reads, vacuum
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
BEGINS = datetime(2026, 10, 1, 8, tzinfo=timezone.get_default_timezone())
BOXES = [f"alex{number}@outreach.example.com" for number in range(4)]
BAD = BOXES[0]
PLAIN = {"mails": 50, "bounces": 0.02, "complaints": 0.0004, "replies": 0.05}
COMPLAINT = {"tag": "Blacklist", "tag_decided_by": "rules 9: complaint.report"}


@pytest.fixture
def account(db) -> Integration:
    return factories.make_integration(factories.make_workspace("Northwind"), "emailbison")


class Play:
    """Plays days of mail of a workspace, an hour before each look."""

    def __init__(self, account: Integration, seed: int) -> None:
        self.workspace, self.rng, self.serial = account.workspace, Random(seed), 0
        self.lead = factories.make_lead(self.workspace)

    def day(self, number: int, **bad: float) -> None:
        """A plain day, on which BAD is as `bad` says."""
        at, rows = BEGINS + timedelta(days=number), []
        for address in BOXES:
            rates = PLAIN | (bad if address == BAD else {})
            for _ in range(int(rates["mails"])):
                rows.append(self.message("sent", "outbound", address, at))
                if self.rng.random() < rates["bounces"]:
                    rows.append(self.message("bounce", "inbound", address, at))
                if self.rng.random() < rates["complaints"]:
                    rows.append(self.message("bounce", "inbound", address, at, **COMPLAINT))
                if self.rng.random() < rates["replies"]:
                    rows.append(self.message("reply", "inbound", address, at))
        Message.objects.bulk_create(rows)
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(received_at=at)

    def message(self, kind: str, direction: str, address: str, at: datetime, **fields) -> Message:
        self.serial += 1
        return Message(
            workspace=self.workspace, lead=self.lead, source=f"emailbison_{kind}", direction=direction, sent_at=at,
            external_id=f"{kind}-{self.serial}", channel="email", account_address=address.title(), **fields,
        )  # fmt: skip

    def look(self, number: int) -> dict[str, int]:
        with time_machine.travel(BEGINS + timedelta(days=number, hours=1), tick=False):
            return mailbox_rates.tick(Deadline.after_ms(20_000))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_mailbox_is_named_in_a_plain_month(account, seed):
    play = Play(account, seed)
    for number in range(30):
        play.day(number)
        assert play.look(number) == {"alarms": 0, "told": 0, "left": 0}, number


@pytest.mark.parametrize(
    ("bad", "rate", "words"),
    [
        ({"bounces": 0.3}, "bounces", "bounced in the last 24 hours: pause this mailbox at EmailBison"),
        (
            {"complaints": 0.12},
            "complaints",
            "people reported emails from alex0@outreach.example.com as spam",
        ),
    ],
)
def test_a_mailbox_that_goes_bad_is_named_the_same_day_in_one_sentence(account, bad, rate, words):
    play = Play(account, 7)
    for number in range(29):
        play.day(number)
    assert play.look(28)["alarms"] == 0
    play.day(29, **bad)
    assert play.look(29) == {"alarms": 1, "told": 1, "left": 0}
    alarm = MailboxAlarm.objects.get()
    assert (alarm.address, alarm.rate, alarm.integration) == (BAD, rate, account)
    assert words in mailbox_rates.sentence(alarm)
    assert mailbox_rates.sentence(alarm).count(".") == BAD.count(".") + 1, "one sentence"
    play.look(29)
    notices = BackgroundJob.objects.filter(kind=mailbox_rates.TELL)
    assert notices.count() == 1, "it is told once"
    counts = []
    for number in range(30, 38):
        play.day(number, **bad)
        play.look(number)
        counts.append(notices.count())
    assert counts == [1] * 7 + [2], "and again after seven days"


def test_a_mailbox_that_is_hardly_answered_any_more_is_named_within_a_week(account):
    play = Play(account, 5)
    for number in range(21):
        play.day(number)
    for number in range(21, 28):
        play.day(number, replies=0.0)
        play.look(number)
    alarm = MailboxAlarm.objects.get()
    assert (alarm.rate, alarm.address) == ("replies", BAD)
    assert "may be landing in spam" in mailbox_rates.sentence(alarm)


def message(workspace: Workspace, lead: Lead, source: str, count: int, **fields) -> None:
    outbound = source.endswith("_sent")
    for _ in range(count):
        about = {"source": source, "direction": "outbound" if outbound else "inbound", "channel": "email"}
        about |= {"sent_at": timezone.now(), "account_address": BAD} | fields
        factories.make_message(lead, **about)


def test_small_counts_and_mails_that_nobody_told_of_are_no_alarm(account):
    lead = factories.make_lead(account.workspace)
    message(account.workspace, lead, "emailbison_sent", 19)
    message(account.workspace, lead, "emailbison_bounce", 6)
    assert mailbox_rates.tick(Deadline.after_ms(20_000))["alarms"] == 0, "too few mails to say"
    message(account.workspace, lead, "emailbison_sent", 1)
    assert mailbox_rates.tick(Deadline.after_ms(20_000))["alarms"] == 1


def test_the_month_counts_by_mailbox_without_what_is_older_or_of_others(account):
    lead, other = factories.make_lead(account.workspace), factories.make_workspace("Elsewhere")
    message(account.workspace, lead, "emailbison_sent", 3)
    message(account.workspace, lead, "emailbison_reply", 2)
    message(account.workspace, lead, "holdfast", 1, direction="outbound")
    message(account.workspace, lead, "emailbison_bounce", 1, **COMPLAINT)
    message(account.workspace, lead, "emailbison_bounce", 1, account_address="", **COMPLAINT)
    message(account.workspace, lead, "ghl_message", 5, channel="sms")
    message(other, factories.make_lead(other), "emailbison_sent", 9)
    old = factories.make_message(lead, source="emailbison_reply", account_address=BAD)
    Message.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=31))
    months = {row.address: dict(row.month) for row in mailbox_rates.of_workspace(account.workspace_id)}
    assert months[BAD] == {"sent": 4, "replies": 2, "bounces": 0, "complaints": 1}
    assert months[""]["complaints"] == 1 and len(months) == 2


def test_mails_are_counted_from_an_index_and_not_from_the_messages(account):
    lead = factories.make_lead(account.workspace)
    Message.objects.bulk_create(
        Message(
            workspace=account.workspace, lead=lead, source="emailbison_sent", external_id=f"many-{number}",
            direction="outbound", channel="email", account_address=BAD, text="Hi Dana, " * 60,
            sent_at=timezone.now(), received_at=timezone.now(),
        )
        for number in range(1_500)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL inbox_message")  # earlier tests left the index as large as the table
    vacuum("inbox_message")

    with reads("LOWER") as found:
        (mailbox,) = mailbox_rates.of_workspace(account.workspace_id)
    assert mailbox.month["sent"] == 1_500
    assert [one.buffers < pages_of("inbox_message") / 3 for one in found] == [True], found


def test_people_read_it_on_the_health_page_and_the_account_s_card_and_in_the_notice(client, account):
    writer.lose_mailbox(account, "gone@outreach.example.com", at=timezone.now())
    lead = factories.make_lead(account.workspace)
    message(account.workspace, lead, "emailbison_sent", 40)
    message(account.workspace, lead, "emailbison_bounce", 20)
    assert mailbox_rates.tick(Deadline.after_ms(20_000))["told"] == 1
    client.force_login(factories.make_member(account.workspace, "admin", email="ana@example.org"))
    drain()
    letter = next(letter for letter in mail.outbox if "bounced" in letter.body)
    assert letter.subject == f"Holdfast: {BAD} in Northwind" and "/health/" in letter.body
    notice = Notice.objects.get(kind="mailbox")
    assert (notice.state, notice.path) == ("sent", "email")
    page = client.get(reverse("inbox:health", args=[account.workspace_id])).content.decode()
    assert f"20 of 40 emails from {BAD} bounced in the last 24 hours" in page
    assert "gone@outreach.example.com" in page and "Disconnected" in page
    cards = client.get(reverse("inbox:integrations", args=[account.workspace_id])).content.decode()
    assert f"20 of 40 emails from {BAD} bounced" in cards
    MailboxAlarm.objects.update(last_at=timezone.now() - timedelta(days=2))
    page = client.get(reverse("inbox:health", args=[account.workspace_id]))
    assert page.context["alarms"] == [], "it was not so for a day"


@pytest.mark.parametrize(
    ("refuses", "ends"), [(False, [("slack", "sent")]), (True, [("email", "sent"), ("slack", "failed")])]
)
def test_the_notice_goes_to_slack_and_by_e_mail_where_slack_refuses_it(world: World, refuses, ends):
    slack = world.connect("slack", bot_token="xoxb-1")
    Integration.objects.filter(pk=slack.pk).update(
        config={"channel": "C0SANDBOX01", "base_url": world.sandbox.url("slack") + "/api"}
    )
    if refuses:
        gone = {"path": "chat.postMessage", "status": 404, "code": "channel_not_found"}
        world.sandbox.fault(provider="slack", kind="error", **gone)
    factories.make_member(world.workspace, "admin", email="ana@example.org")
    lead = factories.make_lead(world.workspace)
    message(world.workspace, lead, "emailbison_sent", 40)
    message(world.workspace, lead, "emailbison_bounce", 20)
    mailbox_rates.tick(Deadline.after_ms(20_000))
    drain()
    notices = Notice.objects.filter(kind="mailbox").order_by("path")
    assert list(notices.values_list("path", "state")) == ends
    letters = [letter for letter in mail.outbox if "bounced" in letter.body]
    assert len(letters) == len(ends) - 1
