"""Receipts: what a provider lists of a day against what is here, and what pages may say of it."""

import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from inbox.health import backfill, receipts, reply_polls
from inbox.models import Appointment, Lead, Message, WebhookDelivery
from inbox.webhooks.replay import replay
from inbox.workspaces import creation
from integrations import registry
from integrations.emailbison import client as emailbison
from integrations.emailbison import listed
from integrations.ghl import client as ghl
from integrations.health import writer
from integrations.instantly import client as instantly
from integrations.models import DayReceipt, Integration, ReplyPoll
from jobs.deadline import Deadline
from jobs.errors import TransientError
from sandbox import emailbison as sandbox_emailbison
from tests import factories
from tests.forms import either, some
from tests.inbox.health.test_reply_polls import LOCATION, connect, lose
from tests.reading import reads
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

ZONE = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 10, 26, 9, tzinfo=ZONE)
HALF_HOUR = timedelta(minutes=30)


def compare(account: Integration) -> dict[str, int]:
    """The job of the poll, at the clock's time."""
    reply_polls._add_accounts()
    context = SimpleNamespace(
        row=lambda rows, _: rows.get(pk=account.pk), deadline=Deadline.after_ms(120_000)
    )
    return reply_polls.run(context)


def said(world: World, first: date, last: date | None = None) -> receipts.Completeness:
    return receipts.completeness(world.workspace, first, last or first)


def receipt(account: Integration, day: date, kind: str = "replies") -> DayReceipt:
    return DayReceipt.objects.get(integration=account, day=day, kind=kind)


def numbers(row: DayReceipt) -> tuple[int, int, int, int, int]:
    return row.listed, row.held, row.fetched, row.ignored, row.missing


def state(world: World) -> Any:
    """What the played SmartLead has."""
    return world.sandbox.state.account("smartlead", "smartlead-key").data


def answers(world: World, count: int) -> None:
    """As many people answer, each in a thread of their own; pages of the list have 20."""
    for number in range(count):
        lead = {"email": f"p{number}@example.org"}
        world.sandbox.emit("smartlead", "smartlead-key", "EMAIL_REPLY", deliver=False, lead=lead, text="Sure")


def works(account: Integration) -> None:
    """A call with the account has succeeded."""
    writer.record(account, writer.Signal(writer.SignalKind.WORKED))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def smartlead(clock, world) -> Integration:
    """An account of SmartLead, the only one, connected on Monday at nine."""
    world.workspace.integrations.all().delete()
    account = connect(world, "smartlead")
    account.name = ""
    account.save()
    works(account)
    return account


class TestADay:
    def test_what_the_list_holds_is_counted_and_what_was_lost_is_fetched(self, world, smartlead, clock):
        world.take(lose(world, "smartlead"), "smartlead")
        lose(world, "smartlead")
        clock.shift(HALF_HOUR)
        assert compare(smartlead) == {"read": 2, "new": 1, "missing": 0}
        assert numbers(receipt(smartlead, MONDAY.date())) == (2, 2, 1, 0, 0)
        clock.shift(HALF_HOUR)
        compare(smartlead)
        assert numbers(receipt(smartlead, MONDAY.date())) == (2, 2, 1, 0, 0)
        assert said(world, MONDAY.date()).through == MONDAY + 2 * HALF_HOUR - backfill.OVERLAP

    def test_it_is_complete_when_it_was_compared_after_its_end(self, world, smartlead, clock):
        midnight = MONDAY.replace(hour=0) + timedelta(days=1)
        for at, through in ((10, -5), (20, 0)):
            clock.move_to(midnight + timedelta(minutes=at))
            compare(smartlead)
            answer = said(world, MONDAY.date())
            assert answer.through == midnight + timedelta(minutes=through) and answer.gaps == []

    def test_one_without_anything_is_complete_too(self, world, smartlead, clock):
        clock.move_to(MONDAY + timedelta(days=1))
        compare(smartlead)
        assert numbers(receipt(smartlead, MONDAY.date())) == (0, 0, 0, 0, 0)
        assert said(world, MONDAY.date()) == receipts.Completeness(
            MONDAY.replace(hour=0) + timedelta(days=1), []
        )

    def test_an_account_connected_at_noon_promises_nothing_of_the_morning(self, world, smartlead, clock):
        assert said(world, MONDAY.date()) == receipts.Completeness(MONDAY, [])
        assert said(world, MONDAY.date() - timedelta(days=1)) == receipts.Completeness(None, [])
        clock.shift(timedelta(hours=3))
        assert [gap.through for gap in said(world, MONDAY.date()).gaps] == [None]  # it was never compared

    @pytest.mark.parametrize("day", [date(2026, 11, 1), date(2027, 3, 14)])
    def test_the_day_on_which_the_clocks_change_has_its_own_length(self, world, smartlead, clock, day):
        begins, ends = (datetime(day.year, day.month, day.day + n, tzinfo=ZONE) for n in (0, 1))
        Integration.objects.update(created_at=begins - timedelta(days=1))
        for moment in (begins, ends - timedelta(minutes=1)):
            clock.move_to(moment)
            lose(world, "smartlead")
        clock.move_to(ends + timedelta(minutes=14))
        compare(smartlead)
        assert numbers(receipt(smartlead, day)) == (2, 2, 2, 0, 0)
        assert said(world, day).through == ends - timedelta(minutes=1)
        clock.move_to(ends + timedelta(minutes=15))
        compare(smartlead)
        assert said(world, day).through == ends

    def test_a_reply_that_is_listed_late_is_fetched_before_the_stamp_passes_it(self, world, smartlead, clock):
        lose(world, "smartlead")
        played = state(world)
        shown, played.leads = played.leads, {}
        clock.shift(timedelta(minutes=14))
        assert compare(smartlead)["new"] == 0 and said(world, MONDAY.date()).through <= MONDAY
        played.leads = shown
        clock.shift(HALF_HOUR)
        assert compare(smartlead)["new"] == 1

    @pytest.mark.parametrize("polls", [1, 2])
    def test_what_is_listed_after_its_day_was_stamped_is_fetched_by_one_of_the_next_two_polls(
        self, world, smartlead, clock, polls
    ):
        midnight = MONDAY.replace(hour=0) + timedelta(days=1)
        clock.move_to(midnight - timedelta(minutes=1))
        lose(world, "smartlead")
        played = state(world)
        shown, played.leads = played.leads, {}
        clock.move_to(midnight + timedelta(minutes=15))
        for _ in range(polls):
            compare(smartlead)
            clock.shift(HALF_HOUR)
        played.leads = shown
        assert compare(smartlead)["new"] == 1
        assert numbers(receipt(smartlead, MONDAY.date())) == (1, 1, 1, 0, 0)


class TestMissing:
    def test_an_entry_without_an_id_keeps_the_day_incomplete_until_it_has_one(self, world, smartlead, clock):
        lose(world, "smartlead")
        (entry,) = self.entries(world)
        name, entry["message_id"] = entry["message_id"], ""
        clock.move_to(MONDAY + timedelta(days=1))
        compare(smartlead)
        row = receipt(smartlead, MONDAY.date())
        assert numbers(row) == (1, 0, 0, 0, 1) and row.reasons == {"No ID.": 1}
        (gap,) = said(world, MONDAY.date()).gaps
        assert (gap.account, gap.day, gap.missing) == ("SmartLead", MONDAY.date(), 1)
        entry["message_id"] = name
        clock.shift(HALF_HOUR)
        compare(smartlead)
        assert numbers(receipt(smartlead, MONDAY.date())) == (1, 1, 1, 0, 0)
        assert said(world, MONDAY.date()).gaps == []

    def test_an_entry_without_a_time_counts_on_the_day_of_the_read_unless_it_is_here(
        self, world, smartlead, clock
    ):
        for body in [lose(world, "smartlead") for _ in range(3)][1:]:
            world.take(body, "smartlead")
        for entry in self.entries(world)[:2]:
            entry["time"] = ""
        clock.shift(HALF_HOUR)
        compare(smartlead)
        row = receipt(smartlead, MONDAY.date())
        assert numbers(row) == (3, 2, 0, 0, 1) and row.reasons == {"No time.": 1}

    def test_an_entry_without_a_time_keeps_each_day_that_may_have_it_incomplete(
        self, world, smartlead, clock
    ):
        for body in [lose(world, "smartlead") for _ in range(2)][1:]:
            world.take(body, "smartlead")
        entry = self.entries(world)[0]
        at, entry["time"] = entry["time"], ""
        for day in range(2):
            clock.move_to(MONDAY + timedelta(days=day, hours=3))
            compare(smartlead)
        days = [MONDAY.date() + timedelta(days=day) for day in range(2)]
        assert [numbers(receipt(smartlead, day)) for day in days] == [(2, 1, 0, 0, 1), (1, 0, 0, 0, 1)]
        assert [gap.day for gap in said(world, *days).gaps] == days
        entry["time"] = at
        clock.shift(HALF_HOUR)
        assert compare(smartlead) == {"read": 2, "new": 1, "missing": 0}
        assert said(world, *days).gaps == []

    def test_an_entry_whose_time_is_to_come_is_missing_on_the_day_of_the_read(
        self, world, smartlead, clock, monkeypatch
    ):
        lose(world, "smartlead")
        self.entries(world)[0]["time"] = (MONDAY + timedelta(days=400)).isoformat()
        monkeypatch.setitem(backfill.handlers.HANDLERS, backfill.MessageEvent, lambda *_: 1 / 0)
        clock.shift(HALF_HOUR)
        compare(smartlead)
        assert [gap.missing for gap in said(world, MONDAY.date()).gaps] == [1]

    def test_a_thread_whose_history_is_not_listed_is_missing(self, world, smartlead, clock, monkeypatch):
        lose(world, "smartlead")
        with monkeypatch.context() as changed:
            changed.setattr("sandbox.smartlead._thread", without_history)
            clock.shift(HALF_HOUR)
            assert compare(smartlead)["missing"] == 1
        assert [gap.missing for gap in said(world, MONDAY.date()).gaps] == [1]
        clock.shift(HALF_HOUR)
        assert compare(smartlead) == {"read": 1, "new": 1, "missing": 0}
        assert said(world, MONDAY.date()).gaps == []

    def test_a_poll_that_ends_while_it_writes_leaves_no_receipt(self, world, smartlead, clock, monkeypatch):
        clock.shift(HALF_HOUR)
        monkeypatch.setattr(receipts.Tally, "_update", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compare(smartlead)
        assert not DayReceipt.objects.exists()

    def test_an_account_that_is_switched_off_still_lacks_what_it_lacked(self, world, smartlead, clock):
        lose(world, "smartlead")
        self.entries(world)[0]["message_id"] = ""
        clock.move_to(MONDAY + timedelta(days=1))
        compare(smartlead)
        Integration.objects.update(enabled=False)
        assert [gap.missing for gap in said(world, MONDAY.date()).gaps] == [1]

    def test_an_account_that_is_switched_off_and_receives_is_not_called_complete(
        self, world, smartlead, clock
    ):
        clock.shift(HALF_HOUR)
        compare(smartlead)
        Integration.objects.update(enabled=False)
        clock.shift(timedelta(days=9))
        today = MONDAY.date() + timedelta(days=9)
        assert said(world, today) == receipts.Completeness(None, [])
        writer.record(smartlead, writer.Signal(writer.SignalKind.HEARD))
        assert [gap.account for gap in said(world, today).gaps] == ["SmartLead"]

    def test_what_our_code_fails_on_is_missing_and_fetched_by_the_next_poll(
        self, world, smartlead, clock, monkeypatch
    ):
        lose(world, "smartlead")
        clock.shift(HALF_HOUR)
        with monkeypatch.context() as broken:
            broken.setitem(backfill.handlers.HANDLERS, backfill.MessageEvent, lambda *_: 1 / 0)
            assert compare(smartlead)["missing"] == 1
        assert said(world, MONDAY.date()).gaps
        clock.shift(HALF_HOUR)
        assert compare(smartlead) == {"read": 1, "new": 1, "missing": 0}
        assert said(world, MONDAY.date()).gaps == []

    def test_what_is_ignored_on_purpose_is_not_missing_and_run_once(
        self, world, smartlead, clock, monkeypatch
    ):
        lose(world, "smartlead")
        monkeypatch.setattr(backfill.handlers, "gone", lambda *_: True)
        for _ in range(3):
            clock.shift(HALF_HOUR)
            compare(smartlead)
        assert numbers(receipt(smartlead, MONDAY.date())) == (1, 0, 0, 1, 0)
        assert WebhookDelivery.objects.count() == 1 and said(world, MONDAY.date()).gaps == []

    def test_a_list_that_breaks_off_moves_no_stamp(self, world, smartlead, clock):
        answers(world, 25)
        clock.shift(HALF_HOUR)
        world.sandbox.fault(provider="smartlead", kind="error", status=500, skip=1, count=9)
        with pytest.raises(TransientError):
            compare(smartlead)
        assert not DayReceipt.objects.exists() and said(world, MONDAY.date()).through == MONDAY
        world.sandbox.clear_faults()
        clock.shift(HALF_HOUR)
        assert compare(smartlead)["new"] == 25

    def test_a_list_that_is_longer_than_we_read_moves_no_stamp(self, world, smartlead, clock, monkeypatch):
        monkeypatch.setattr("integrations.smartlead.client.INBOX_PAGES", 1)
        answers(world, 25)
        clock.shift(HALF_HOUR)
        with pytest.raises(TransientError, match="list_cut_off"):
            compare(smartlead)
        assert not DayReceipt.objects.exists()

    def test_an_account_that_is_not_compared_is_named_with_its_last_time(self, world, smartlead, clock):
        clock.shift(HALF_HOUR)
        compare(smartlead)
        through = MONDAY + HALF_HOUR - backfill.OVERLAP
        clock.shift(timedelta(minutes=60))
        assert said(world, MONDAY.date()).gaps == []
        clock.shift(timedelta(minutes=15))
        assert said(world, MONDAY.date()).gaps == [receipts.Gap("SmartLead", MONDAY.date(), through=through)]

    def test_an_older_read_does_not_write_over_a_later_one(self, world, smartlead, clock):
        early = receipts.Tally(smartlead, clock_at := MONDAY + HALF_HOUR)
        late = receipts.Tally(smartlead, clock_at + HALF_HOUR)
        late.add("replies", clock_at, "No ID.")
        late.write(MONDAY, late.asked_at)
        early.write(MONDAY, early.asked_at)
        assert numbers(receipt(smartlead, MONDAY.date())) == (1, 0, 0, 0, 1)

    @staticmethod
    def entries(world: World) -> list[dict]:
        """The e-mails of the played SmartLead's threads, in the order in which they came."""
        return [entry for thread in state(world).history.values() for entry in thread]


def without_history(call: Any, lead: dict[str, Any]) -> dict[str, Any]:
    """A thread as SmartLead would list it without its e-mails."""
    return {"lead_email": lead["email"], "last_reply_time": (MONDAY + timedelta(minutes=1)).isoformat()}


def csv(world: World) -> list[str]:
    """The lines of the overview as CSV."""
    answer = world.client.get(f"/w/{world.workspace.pk}/insights/overview.csv")
    return answer.content.decode("utf-8-sig").splitlines()


class TestBounces:
    @pytest.fixture
    def emailbison(self, world, clock) -> Integration:
        Integration.objects.update(created_at=MONDAY)
        return world.workspace.integrations.get()

    def test_a_report_whose_webhook_was_lost_stops_its_lead(self, world, emailbison, clock):
        lead = {"email": "gone@example.org"}
        world.sandbox.emit("emailbison", world.key, "EMAIL_BOUNCED", deliver=False, lead=lead)
        clock.shift(HALF_HOUR)
        compare(emailbison)
        assert Lead.objects.get().email == "gone@example.org" and Lead.objects.get().bounced_at == MONDAY
        assert numbers(receipt(emailbison, MONDAY.date(), "bounces")) == (1, 1, 1, 0, 0)
        assert numbers(receipt(emailbison, MONDAY.date())) == (0, 0, 0, 0, 0)

    def test_a_persons_mail_that_is_not_taken_in_is_missing_among_the_replies(
        self, world, emailbison, clock, monkeypatch
    ):
        world.reply("Sure, call me")
        lead = {"email": Lead.objects.get().email}
        world.sandbox.emit("emailbison", world.key, "MANUAL_EMAIL_SENT", deliver=False, lead=lead, text="Hi")
        clock.shift(HALF_HOUR)
        with monkeypatch.context() as broken:
            broken.setitem(backfill.handlers.HANDLERS, backfill.MessageEvent, lambda *_: 1 / 0)
            assert compare(emailbison)["missing"] == 1
        assert numbers(receipt(emailbison, MONDAY.date())) == (2, 1, 0, 0, 1)
        clock.shift(HALF_HOUR)
        assert compare(emailbison)["new"] == 1
        assert numbers(receipt(emailbison, MONDAY.date())) == (2, 2, 1, 0, 0)

    def test_where_the_filter_by_folder_is_ignored_a_reply_is_no_bounce(
        self, world, emailbison, clock, monkeypatch
    ):
        page = sandbox_emailbison._page
        monkeypatch.setattr(
            sandbox_emailbison, "_page", lambda call, _: page(call, list(call.store.replies.values()))
        )
        world.reply("Sure, call me")
        assert list(listed.bounces(emailbison, MONDAY, Deadline.after_ms(9_000))) == []


class TestPages:
    def test_the_account_has_a_page_with_each_day_and_why_something_cannot_be_compared(
        self, world, smartlead, clock
    ):
        answers(world, 2)
        TestMissing.entries(world)[0]["message_id"] = ""
        clock.shift(HALF_HOUR)
        compare(smartlead)
        world.client.force_login(world.user)
        page = world.client.get(f"/w/{world.workspace.pk}/integrations/{smartlead.pk}/receipts/")
        text = " ".join(unescape(re.sub("<[^>]+>", " ", page.content.decode())).split())
        assert "Mon 26 Oct Replies Incomplete 1: No ID. 2 1 1 0 1" in text
        assert "SmartLead lists 1 from Mon 26 Oct that is missing here." in text
        assert "Every 30 min, Holdfast compares" in text
        assert "Bounces SmartLead lists them only for one campaign at a time." in text

    def test_receipts_are_a_tab_of_the_accounts_page(self, world, smartlead):
        world.client.force_login(factories.make_member(world.workspace, role="admin"))
        address = f"/w/{world.workspace.pk}/integrations/{smartlead.pk}/"
        html = world.client.get(f"{address}receipts/").content.decode()
        tabs = html.partition('<nav class="tabs" aria-label="Account">')[2].partition("</nav>")[0]
        assert f'href="{address}">Settings</a>' in tabs
        assert f'href="{address}receipts/" aria-current="page">Receipts</a>' in tabs

    def test_the_card_says_up_to_when_it_is_complete(self, world, smartlead, clock):
        clock.shift(HALF_HOUR)
        compare(smartlead)
        world.client.force_login(world.user)
        card = world.client.get(f"/w/{world.workspace.pk}/integrations/").content.decode()
        assert "Complete through" in card and "9:15 a.m." in card or "09:15" in card

    def test_a_disconnected_account_says_in_grey_up_to_when_it_was_compared(self, world, smartlead, clock):
        clock.shift(HALF_HOUR)
        compare(smartlead)
        writer.record(smartlead, writer.Signal(writer.SignalKind.REFUSED))
        world.client.force_login(world.user)
        for page in ("integrations/", "insights/", f"integrations/{smartlead.pk}/receipts/"):
            html = world.client.get(f"/w/{world.workspace.pk}/{page}").content.decode()
            assert "Complete through" not in html, page
            assert re.search(r'<span class="state"><svg[^>]*>.*?</svg> Compared through <time', html), page

    def test_numbers_say_whether_their_days_are_complete(self, world, smartlead, clock):
        world.client.force_login(world.user)
        clock.shift(HALF_HOUR)
        compare(smartlead)
        assert "Complete through" in self.text(world, "insights/") and "Receipts" in self.text(
            world, "health/"
        )
        assert "Incomplete" not in self.text(world, "inbox/")
        assert csv(world)[0].split(",")[-1] == "Complete"
        answers(world, 1)
        TestMissing.entries(world)[0]["message_id"] = ""
        world.take(lose(world, "smartlead"), "smartlead")
        clock.shift(HALF_HOUR)
        compare(smartlead)
        for page in ("insights/", "health/"):
            assert "Incomplete SmartLead lists 1 from Mon 26 Oct that is missing here." in self.text(
                world, page
            )
        assert "Some messages may be missing. See Accounts." in self.text(world, "inbox/")
        assert csv(world)[1].endswith(",not complete")
        clock.shift(timedelta(hours=2))
        assert "SmartLead was last compared through" in self.text(world, "insights/")

    def test_days_before_the_first_receipt_are_named_and_are_no_trouble(self, world, smartlead, clock):
        Integration.objects.update(created_at=MONDAY - timedelta(days=9))
        ReplyPoll.objects.create(integration=smartlead, complete_through=MONDAY, due_at=MONDAY)
        clock.shift(HALF_HOUR)
        compare(smartlead)
        world.client.force_login(world.user)
        assert "SmartLead hasn’t been compared for days before Mon 26 Oct." in self.text(world, "insights/")
        answer = said(world, MONDAY.date() - timedelta(days=5), MONDAY.date())
        assert answer.label == "complete from 2026-10-26 through 2026-10-26 13:15 UTC"
        assert not answer.is_troubled and "Incomplete" not in self.text(world, "inbox/")

    def test_an_account_that_was_never_compared_is_named_by_the_numbers_and_no_news_in_the_inbox(
        self, world, smartlead, clock
    ):
        clock.shift(timedelta(hours=6))
        world.client.force_login(world.user)
        assert "Incomplete SmartLead hasn’t been compared yet." in self.text(world, "insights/")
        assert "Incomplete" not in self.text(world, "inbox/")

    @staticmethod
    def text(world: World, page: str) -> str:
        """The words of a page, without tags; labels of icons are among them."""
        content = world.client.get(f"/w/{world.workspace.pk}/{page}").content.decode()
        labelled = re.sub(r'aria-label="([^"]*)"', r">\1<", content)
        return " ".join(unescape(re.sub("<[^>]*>", " ", labelled)).split())

    def test_a_slack_account_cannot_be_compared(self, world, clock):
        slack = world.connect("slack", bot_token="xoxb-1")
        world.client.force_login(world.user)
        page = world.client.get(f"/w/{world.workspace.pk}/integrations/{slack.pk}/receipts/").content.decode()
        assert "Can’t be compared" in page and "It has no lists to compare." in page


class TestAppointments:
    @pytest.fixture
    def calendly(self, world, clock) -> Integration:
        world.workspace.integrations.all().delete()
        account = world.connect("calendly", api_key="cal-key")
        world.add_webhook("calendly", "calendly", account)
        factories.make_lead(world.workspace, email="dana@example.org")
        return account

    def happens(self, world: World, event: str, **fields: Any) -> dict[str, Any]:
        return world.sandbox.emit("calendly", "cal-key", event, deliver=False, **fields)["body"]

    def test_a_booking_and_its_cancellation_whose_webhooks_were_lost_are_fetched(
        self, world, calendly, clock
    ):
        booked = self.happens(world, "invitee.created", email="dana@example.org")
        clock.shift(HALF_HOUR)
        assert compare(calendly) == {"read": 1, "new": 1, "missing": 0}
        appointment = Appointment.objects.get()
        assert (appointment.status, appointment.lead.email) == ("booked", "dana@example.org")
        assert appointment.booked_at == MONDAY
        uri = booked["payload"]["invitee"]["uri"]
        self.happens(world, "invitee.canceled", invitee_uri=uri)
        clock.shift(HALF_HOUR)
        assert compare(calendly)["new"] == 1
        assert Appointment.objects.get().status == "cancelled"
        assert numbers(receipt(calendly, MONDAY.date(), "appointments")) == (2, 2, 2, 0, 0)

    def test_what_a_webhook_told_is_here_and_is_run_once(self, world, calendly, clock):
        for _ in range(25):  # Calendly gives 20 unless asked for more
            body = self.happens(world, "invitee.created", email="dana@example.org")
            world.client.post(world.paths["calendly"], body, content_type="application/json")
        for _ in range(3):
            clock.shift(HALF_HOUR)
            assert compare(calendly) == {"read": 25, "new": 0, "missing": 0}
        assert numbers(receipt(calendly, MONDAY.date(), "appointments")) == (25, 25, 0, 0, 0)
        assert WebhookDelivery.objects.filter(event_type="BACKFILL").count() == 25
        assert said(world, MONDAY.date()).gaps == []

    def test_the_meeting_of_somebody_who_is_no_lead_is_left_out(self, world, calendly, clock):
        self.happens(world, "invitee.created", email="stranger@example.org")
        clock.shift(HALF_HOUR)
        compare(calendly)
        assert numbers(receipt(calendly, MONDAY.date(), "appointments")) == (1, 0, 0, 1, 0)

    def test_a_fetched_booking_can_be_replayed(self, world, calendly, clock):
        self.happens(world, "invitee.created", email="dana@example.org")
        clock.shift(HALF_HOUR)
        compare(calendly)
        delivery = WebhookDelivery.objects.get(event_type="BACKFILL")
        assert replay(delivery).outcome.verdict == "duplicate"


AT = "2026-10-26T13:05:00Z"
UNKNOWN = {
    "ghl": ("GhlClient.export_messages", ghl.Message, {"body": "Hi", "contactId": "c1", "dateAdded": AT}),
    "instantly": (
        "InstantlyClient.received_since",
        instantly.Email,
        {"lead": "dana@example.org", "timestamp_email": AT},
    ),
    "emailbison": (
        "EmailBisonClient.replies_since",
        emailbison.Reply,
        {"folder": "Sent", "from_email_address": "alex@example.com", "date_received": AT},
    ),
}


@pytest.mark.parametrize("provider", UNKNOWN)
def test_an_entry_that_does_not_say_who_wrote_to_whom_is_missing(world, clock, monkeypatch, provider):
    method, model, fields = UNKNOWN[provider]
    account = world.workspace.integrations.filter(provider=provider).first() or connect(world, provider)
    entry = model.model_validate({"id": "7"} | fields)
    monkeypatch.setattr(f"integrations.{provider}.client.{method}", lambda *_, **__: iter([entry]))
    (missing,) = registry.spec_of(provider).replies(account, MONDAY, Deadline.after_ms(9_000))
    assert missing.reason == "No sender, recipient or direction."


def test_each_provider_declares_a_list_or_a_reason_for_each_kind():
    for spec in registry.specs().values():
        for kind in DayReceipt.Kind:
            assert getattr(spec, kind) or getattr(spec, kind).why
    assert receipts.kinds_of("slack") == []


def test_an_account_without_lists_says_nothing_about_completeness(world, clock):
    world.workspace.integrations.all().delete()
    world.connect("slack")
    assert said(world, MONDAY.date()) == receipts.Completeness(None, [])


def test_the_rows_of_a_new_workspace_are_no_accounts_until_they_are_used(world, clock):
    new = creation.create("Cardinal", "cara@example.org").workspace
    clock.shift(timedelta(days=2))
    days = MONDAY.date(), MONDAY.date() + timedelta(days=2)
    assert new.integrations.count() > 3 and receipts.completeness(new, *days) == receipts.Completeness(
        None, []
    )
    writer.record(new.integrations.get(provider="instantly"), writer.Signal(writer.SignalKind.HEARD))
    assert [gap.account for gap in receipts.completeness(new, *days).gaps] == ["Instantly"]


def test_another_workspace_is_not_in_the_answer(world, smartlead, clock):
    other = World.make(world.sandbox, "Bluebird")
    works(other.workspace.integrations.get())
    clock.shift(timedelta(hours=5))
    assert len(said(world, MONDAY.date()).gaps) == len(said(other, MONDAY.date()).gaps) == 1


def test_a_workspace_reads_no_receipts_of_others():
    """Receipts are written day by day, so that those of one day lie together."""
    workspace, others = factories.make_workspace(), factories.make_workspace()
    own = [factories.make_integration(workspace, external_account_id=f"own-{n}") for n in range(15)]
    theirs = [factories.make_integration(others, external_account_id=f"their-{n}") for n in range(150)]
    for account in own:
        writer.record(account, writer.Signal(writer.SignalKind.HEARD))
    days = [timezone.localdate() - timedelta(days=ago) for ago in range(100, -1, -1)]
    columns = {"kind": DayReceipt.Kind.REPLIES, "compared_through": timezone.now()}
    DayReceipt.objects.bulk_create(
        DayReceipt(integration=account, day=day, **columns) for day in days for account in own + theirs
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE integrations_dayreceipt, integrations_integration")
    with reads("integrations_dayreceipt") as statements:
        assert len(receipts.lately(workspace)) == len(own)
    assert [statement.rows < len(theirs) * 5 for statement in statements] == [True], statements


RATES = (0.01, 0.05, 0.2)
PLANS = [(share, seed) for share in RATES for seed in (1, 2, 3)]
COUNT = either(300, 10_000)
STARTS = datetime(2026, 10, 31, 20, tzinfo=ZONE)
"""The next day has 25 hours."""
SPAN = timedelta(hours=either(7, 53))
TEXTS = ("Sure, call me", "Not for us", "What does it cost?")


class Field:
    """Accounts of five providers, their events, and which of them are here."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.accounts = {
            "emailbison": world.workspace.integrations.get(provider="emailbison"),
            **{name: connect(world, name) for name in ("smartlead", "instantly", "ghl")},
            "unipile": world.connect("unipile", "acc-1"),
        }
        world.add_webhook("unipile", "linkedin", self.accounts["unipile"])
        world.sandbox.set_account("ghl", "ghl-key", properties={"location_id": LOCATION})
        Integration.objects.update(created_at=STARTS)
        self.times: dict[str, dict[str, datetime]] = {name: {} for name in self.accounts}

    def happens(self, number: int, at: datetime, withheld: bool) -> None:
        provider = self.random.choice(list(self.accounts))
        mark = f"{self.random.choice(TEXTS)} {number}x"
        lead = {"email": f"p{number}@example.org", "name": "Dana Reyes"}
        if provider == "emailbison" and number % 4 == 0:
            mark = f"p{number}@example.org"
            fields = {"event": "EMAIL_BOUNCED", "lead": lead}
        elif provider == "emailbison":
            fields = {"event": "LEAD_REPLIED", "lead": lead, "text": mark}
        elif provider == "ghl":
            contact = {"id": f"Contact{number:013}", "phone": f"+1555{number:07}"}
            fields = {"event": "sms", "contact": contact, "text": mark}
        elif provider == "unipile":
            event = "message.sent" if number % 3 == 0 else "message.received"
            fields = {"event": event, "sender": {"id": f"dana-{number}"}, "text": mark}
        else:
            event = {"smartlead": "EMAIL_REPLY", "instantly": "reply_received"}[provider]
            fields = {"event": event, "lead": lead, "text": mark}
        key = {"emailbison": self.world.key, "unipile": "acc-1"}.get(provider, f"{provider}-key")
        body = self.world.sandbox.emit(provider, key, fields.pop("event"), deliver=False, **fields)["body"]
        self.times[provider][mark] = at
        if not withheld:
            path = self.world.paths["email" if provider == "emailbison" else provider]
            assert self.world.client.post(path, body, content_type="application/json").status_code == 200

    def lacking(self, provider: str) -> list[datetime]:
        """The times of what happened and is not here."""
        source = {"ghl": "ghl_message", "unipile": "unipile_message"}.get(provider, f"{provider}_reply")
        marks = set(Message.objects.filter(source=source).values_list("text", flat=True))
        marks |= set(
            Message.objects.filter(source=f"{provider}_bounce").values_list("lead__email", flat=True)
        )
        return [at for mark, at in self.times[provider].items() if mark not in marks]


def false_stamps(field: Field, name: str) -> list[str]:
    """What is said to be complete of an account although something of that time is not here."""
    account, lacking = field.accounts[name], field.lacking(name)
    answer = receipts.by_account(field.world.workspace, STARTS.date(), date(2026, 11, 3)).get(account.pk)
    wrong = [
        f"{name}: {at} is missing" for at in lacking if answer and answer.through and at < answer.through
    ]
    for row in DayReceipt.objects.filter(integration=account, missing=0):
        ends = receipts._begins(row.day + timedelta(days=1), ZONE)
        if row.compared_through >= ends:
            wrong += [f"{row.day}: {at}" for at in lacking if at.astimezone(ZONE).date() == row.day]
    return wrong


@pytest.mark.shortened
@pytest.mark.timeout(either(600, 7_200))
@pytest.mark.parametrize("plan", some(PLANS, [f"{p[0]}-{p[1]}" for p in PLANS], {"0.2-1"}))
def test_withheld_webhooks_are_fetched_within_an_interval_and_no_stamp_is_wrong(world, clock, plan):
    share, seed = plan
    clock.move_to(STARTS)
    field = Field(world, seed)
    times = sorted(STARTS + SPAN * field.random.random() for _ in range(COUNT))
    withheld = set(field.random.sample(range(COUNT), round(COUNT * share)))
    wrong, alarms, number, turn = [], [], 0, 0
    while turn * HALF_HOUR < SPAN + timedelta(hours=7):
        turn += 1
        now = STARTS + turn * HALF_HOUR
        while number < COUNT and times[number] < now:
            clock.move_to(times[number])
            field.happens(number, times[number], number in withheld)
            number += 1
        clock.move_to(now)
        for name, account in field.accounts.items():
            if turn % (registry.spec_of(name).poll_every // HALF_HOUR) == 0:
                wrong += false_stamps(field, name)
                compare(account)
                assert field.lacking(name) == [], name
            wrong += false_stamps(field, name)
        alarms += said(world, STARTS.date(), now.date()).gaps
    assert (number, wrong, alarms) == (COUNT, [], [])
    rows = DayReceipt.objects.all()
    assert all(row.listed == row.held and not row.ignored for row in rows)
    assert sum(row.listed for row in rows) == COUNT
    assert sum(row.fetched for row in rows) == len(withheld)
    assert ReplyPoll.objects.filter(total_new__gt=0).exists()
