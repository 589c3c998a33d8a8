"""The seven failures of the predecessor, provoked one after the other in one product, and then harm of every kind."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox import SandboxServer
from tests.campaign import checker
from tests.campaign.players import (
    EVENTS,
    KEY,
    PAUSE_S,
    REPLIES,
    Delivery,
    Mailboxes,
    Post,
    Senders,
    address,
    limit,
    request,
)
from tests.campaign.products import DRAFT_S, FETCH_S, Account, Product
from tests.campaign.stage import Stage, frozen
from tests.waiting import PATIENCE_S

DUPLICATES = "duplicates that hit unique constraints"
STORMS = "abort storms"
DRAFTS = "drafts past their budget"
ABORTS = "aborts taken for something else"
SILENT = "a silent disconnect"
POOL = "an exhausted pool"
LIMITS = "requests past their limit"
SEVEN = (DUPLICATES, STORMS, DRAFTS, ABORTS, SILENT, POOL, LIMITS)
LOST, TWICE = "deliveries taken and lost", "messages, leads or drafts stored twice, or on another lead"
IDLE, ENDED = "faults and kills that did not come", "services that ended by themselves"
ANSWER = re.compile(r"answer-(key-\d+)-\d+")
SENDING = {"provider": "emailbison", "path": r"/replies/\d+/reply$", "method": "POST"}
SEND_FAULTS: list[dict[str, Any]] = [
    {"kind": "latency", "ms": 300, "jitter_ms": 300},
    {"kind": "accept_drop", "probability": 0.1},
    {"kind": "accept_reset", "probability": 0.05},
    {"kind": "accept_timeout", "probability": 0.05, "seconds": 3 * FETCH_S},
    {"kind": "hang", "probability": 0.03, "seconds": 3 * FETCH_S},
    {"kind": "rate_limit", "probability": 0.05},
    {"kind": "server_error", "probability": 0.05},
]
"""By chance, and each once for sure when no worker is killed any more: a kill ends the call before its fault does."""
AFTER_KILLS = 8
"""The sends for which these are: more than there are faults."""
PRESSES = 3
"""How often a program sends what was refused."""
LATER = {0, 429, 503}
"""Statuses after which it sends the same again, as often as it takes."""
BUSY = 16
"""Programs and people at once."""
FROZEN_S = 5
READ = 10
"""Conversations of each account that a report reads at least."""
Clock = Callable[[Callable[[], object]], float]


@dataclass
class Plan:
    """`deliveries` without those that a scene needs beside. `kills` while programs send, and then `harms` of each kind.
    `accounts` at each provider."""

    deliveries: int = 300
    pages: int = 8
    replies: int = 16
    sends: int = 32
    conversations: int = 24
    kills: int = 3
    harms: int = 1
    accounts: int = 2
    seed: int = 1


@dataclass
class Row:
    """`count` of `total` went wrong. `normal_s`: seconds from the end of the harm until all was as before, the longest
    where there were several; None if that was not seen."""

    count: int = 0
    total: int = 0
    normal_s: float | None = None
    examples: list[str] = field(default_factory=list)

    def add(self, wrong: list[str], total: int, normal_s: float | None = None) -> None:
        self.count, self.total = self.count + len(wrong), self.total + total
        self.examples += wrong[:3]
        if normal_s is not None:
            self.normal_s = max(normal_s, self.normal_s or 0)


class Play:
    """One product under the plan. `rows` has the result of each scene."""

    def __init__(self, stage: Stage, sandbox: SandboxServer, product: Product, plan: Plan) -> None:
        self.stage, self.sandbox, self.product, self.plan = stage, sandbox, product, plan
        self.dice = random.Random(plan.seed)
        self.senders = Senders(product.port)
        self.mailboxes = Mailboxes(plan.seed, [account.email_path for account in product.accounts])
        self.rows = {name: Row() for name in (*SEVEN, LOST, TWICE, IDLE, ENDED)}
        self.answers: dict[str, tuple[str, str]] = {}  # the workspace and the address for which each text is
        self.fired, self.killed = Counter[str](), Counter[str]()

    def run(self) -> dict[str, Row]:
        """Plays all scenes, then compares."""
        for scene in (
            self.duplicates,
            self.abort_storm,
            self.late_model,
            self.sending,
            self.disconnect,
            self.crowded_pool,
            self.harm,
        ):
            began = time.monotonic()
            scene()
            print(f"{self.product.name}: {scene.__name__} took {time.monotonic() - began:.0f} s", flush=True)
        self.compare()
        return self.rows

    # Scenes

    def duplicates(self) -> None:
        posts = self.play(self.plan.deliveries // 2)
        self.rows[DUPLICATES].add(checker.broken(posts), len(posts))
        self.senders.limit_s = limit(post.seconds for post in posts)

    def abort_storm(self) -> None:
        """EmailBison takes requests and does not answer, while people open conversations."""
        self.settled(lambda: checker.without_draft(self.senders.posts, self.drafted()))
        pages = [
            (account, page)
            for account, lead, _ in self.leads(self.plan.pages)
            for page in self.product.pages(account, lead)
        ]
        calm, _ = self.open_pages(pages)
        before = self.listings()
        for account, page in {account.emailbison: (account, page) for account, page in pages}.values():
            self.open_page(account, page)  # one by one, so that each account is asked
        listed_accounts = {account for account, _ in self.listings() - before}
        silent = sorted({account.emailbison for account, _ in pages} - listed_accounts)
        hang = self.fault(provider="emailbison", kind="hang", seconds=10 * FETCH_S, method="GET")
        with hang as after:
            _, broken = self.open_pages(pages, limit(calm))
        self.rows[STORMS].add(broken + silent, len(pages), after(lambda: self.open_page(*pages[0])))

    def late_model(self) -> None:
        """The model takes longer than a webhook may, and less than a draft may, each time that it is tried."""
        deliveries = self.listed(self.mailboxes.flow(EVENTS * self.plan.replies, replies=1))
        calls = (
            len({delivery.key for delivery in deliveries if delivery.key.startswith("reply-")})
            * self.product.tries
        )
        late_ms = DRAFT_S * 1_000 + 2_000
        with self.ended() as after:
            late = self.sandbox.fault(provider="openai", kind="latency", ms=late_ms, count=calls)
            posts = self.senders.play(deliveries)
            at_once = not self.product.works_later
            self.stage.wait(lambda: at_once or late.fired == calls, "the model is asked")
        broken = checker.past_limit(posts) or checker.refused(posts)
        self.rows[LIMITS].add(broken, len(posts), after(self.probe))
        if not self.settled(lambda: checker.without_draft(posts, self.drafted())):
            self.rows[DRAFTS].normal_s = after(lambda: True)

    def sending(self) -> None:
        """Programs send mails. EmailBison accepts some without saying so, refuses others, and processes are killed."""
        self.product.stage.wait(lambda: self.open_page(*self.first_page()), "EmailBison is asked again")
        enough = self.plan.sends // 3
        ways = [fault | SENDING for fault in SEND_FAULTS]
        sure = [way | {"probability": 1, "count": 1} for way in ways if "probability" in way]
        self.fired.clear()
        leads = self.leads(self.plan.sends)
        self.answers = {
            f"This is answer-{account.emailbison}-{number:05}.": (account.workspace, email)
            for number, (account, _, email) in enumerate(leads)
        }
        sends = [(account, lead, text) for (account, lead, _), text in zip(leads, self.answers, strict=True)]
        with ThreadPoolExecutor(BUSY) as programs:
            with self.faults(ways):
                answers = [programs.submit(self.ask_send, *send) for send in sends[:-AFTER_KILLS]]
                for number in range(self.plan.kills if self.product.works_later else 0):
                    part = enough * number // self.plan.kills
                    self.stage.wait(lambda part=part: self.over_sends() >= part, "mails")
                    self.stage.wait(self.kill_caller, "a worker is killed while it calls")
                for answer in answers:
                    answer.result()
                self.settled(self.unsent)
            with self.faults([*sure, *ways]) as after:
                for answer in [programs.submit(self.ask_send, *send) for send in sends[-AFTER_KILLS:]]:
                    answer.result()
                self.settled(self.unsent)
        if not self.settled(self.unsettled):
            self.rows[ABORTS].normal_s = after(lambda: True)
        idle = [kind for kind in self.fired if not self.fired[kind]]
        self.rows[IDLE].add(idle + ["mails"] * (self.went_out().total() < enough), len(self.fired) + 1)

    def disconnect(self) -> None:
        """LinkedIn logs each account out. Only a refused call says so."""
        accounts = self.product.accounts
        for account in accounts:
            self.sandbox.set_account("unipile", account.linkedin, "disconnected")
            body = self.sandbox.emit(
                "unipile",
                account.linkedin,
                "message.received",
                deliver=False,
                sender={"id": f"member-{account.linkedin}", "name": "Dana Reyes"},
                text="Happy to chat next week",
            )["body"]
            _, answer, _ = request(self.product.port, "POST", account.linkedin_path, body)
            self.product.send(account, answer["leadId"], "linkedin", "Does Thursday suit you?")
        names = {account.linkedin for account in accounts}
        self.crons()
        unsaid = self.settled(lambda: sorted(names - self.product.disconnected()))
        with self.ended() as after:
            for account in accounts:
                url = f"http://127.0.0.1:{self.product.port}{account.linkedin_path}"
                self.sandbox.set_webhook("unipile", account.linkedin, url)
                self.sandbox.set_account("unipile", account.linkedin, "ok")
        normal_s = None if unsaid else after(lambda: not self.product.disconnected())
        self.rows[SILENT].add(unsaid, len(names), normal_s)

    def crowded_pool(self) -> None:
        """All conversations are read for a report, while deliveries and crons come as always."""
        self.play(EVENTS * self.plan.conversations, replies=1)
        for account in self.product.accounts:
            self.product.ask_pack(account)
        late = self.fault(provider="openai", kind="latency", ms=DRAFT_S * 500)
        with late as after, ThreadPoolExecutor(1) as platform:
            refused = platform.submit(self.crons)
            posts = self.play(self.plan.deliveries // 4)
        wrong = checker.refused(posts) + refused.result()
        self.rows[POOL].add(wrong, len(posts) + len(self.product.crons), after(self.probe))
        self.rows[POOL].add(self.settled(self.unread), READ * len(self.product.accounts))

    def harm(self) -> None:
        """Kills and stops in random order under traffic. After each, a new reply must come through as before."""
        harms: list[tuple[str, Callable[[], None]]] = [
            ("a web process is killed", lambda: self.kill_one("web")),
            ("the web server is killed", lambda: self.kill_all("web")),
            ("PostgreSQL stops fast", lambda: self.stage.postgres.restart("fast")),
            ("PostgreSQL stops at once", lambda: self.stage.postgres.restart("immediate")),
            ("PostgreSQL is frozen", self.freeze),
        ]
        if self.product.works_later:
            harms.append(("a worker is killed", lambda: self.kill_one("worker")))
            harms.append(("the workers' supervisor is killed", lambda: self.kill_all("worker")))
        harms *= self.plan.harms
        self.dice.shuffle(harms)
        weather = [
            {"provider": "*", "kind": kind, "probability": 0.02}
            for kind in ("drop", "reset", "rate_limit", "server_error")
        ]
        for name, act in harms:
            deliveries = self.listed(self.mailboxes.flow(self.plan.deliveries // 2 // len(harms)))
            with ThreadPoolExecutor(1) as senders:
                with self.faults(weather) as after:
                    before = len(self.senders.posts)
                    traffic = senders.submit(self.senders.play, deliveries)
                    self.stage.wait(lambda before=before: len(self.senders.posts) > before, "a delivery")
                    act()
                self.rows.setdefault(name, Row()).add([], 1, after(self.probe))
                traffic.result()

    def compare(self) -> None:
        """The whole run: what was taken is there once, and what was to go out is where it is said to be."""
        posts = self.senders.posts
        missing = self.settled(lambda: checker.without_draft(posts, self.drafted()))
        accepted = {post.key for post in posts if post.status == 200}
        self.rows[DRAFTS].add(missing, len([key for key in accepted if key.startswith("reply-")]))
        stored, astray = self.stored()
        self.rows[LOST].add(checker.lost(posts, stored), len(accepted))
        doubled = [email for (email,) in self.product.rows(self.product.doubled_leads)]
        doubled += astray + checker.twice(stored) + checker.twice(self.drafted())
        self.rows[TWICE].add(doubled, len(accepted))
        unsettled, went_out = self.settled(self.unsettled), self.went_out()
        shown = [
            text
            for owner, email, text in self.product.rows(self.product.messages)
            if self.answers.get(text) == (owner, email)
        ]
        wrong = checker.wrong_sends(self.answers, went_out, self.said_of_sends(), shown)
        wrong += unsettled + [text for text in went_out if text not in self.answers]
        self.rows[ABORTS].add(wrong, len(self.answers))
        starts = {name: service.starts - 1 for name, service in self.stage.services.items()}
        self.rows[ENDED].add(list((Counter(starts) - self.killed).elements()), len(starts))

    # What the scenes share

    def play(self, count: int, replies: float = REPLIES) -> list[Post]:
        """Sends so many deliveries."""
        return self.senders.play(self.listed(self.mailboxes.flow(count, replies)))

    def listed(self, deliveries: list[Delivery]) -> list[Delivery]:
        """The deliveries, whose replies EmailBison lists from now on."""
        for account, bodies in zip(self.product.accounts, self.mailboxes.bodies, strict=True):
            self.sandbox.ingest("emailbison", account.emailbison, bodies)
            bodies.clear()
        return deliveries

    def probe(self) -> bool:
        """Whether a new reply is taken at once, and a draft is written for it."""
        reply = self.mailboxes.reply()
        self.senders.play(self.listed([reply]))
        # It waits behind the drafts that the scene has left: 5,000 deliveries leave about 700.
        self.stage.wait(
            lambda: not self.product.works_later or reply.key in self.drafted(), "a draft", 5 * PATIENCE_S
        )
        return True

    def listings(self) -> set[tuple[str, str]]:
        """The accounts at EmailBison that were asked for a lead's mails, each with the request's id."""
        rows = self.sandbox.requests(provider="emailbison", path="/sent-emails")
        return {(row["account"], row["id"]) for row in rows}

    def leads(self, count: int) -> list[tuple[Account, str, str]]:
        """Leads that have replied, with their accounts and addresses; each once."""
        of_path = {account.email_path: account for account in self.product.accounts}
        replied = {
            self.senders.leads[key]: (of_path[path], address(key))
            for key, path in self.mailboxes.places.items()
            if key.startswith("reply-") and key in self.senders.leads
        }
        return [(account, lead, email) for lead, (account, email) in list(replied.items())[:count]]

    def open_pages(
        self, pages: list[tuple[Account, str]], limit_s: float = PATIENCE_S
    ) -> tuple[list[float], list[str]]:
        """Opens all of them. Returns how long each took in s, and those that did not come."""

        def timed(page: tuple[Account, str]) -> tuple[float, bool]:
            began = time.monotonic()
            well = self.open_page(*page, limit_s)
            return time.monotonic() - began, well

        with ThreadPoolExecutor(BUSY) as people:
            opened = list(people.map(timed, pages))
        broken = [page for (_, page), (_, well) in zip(pages, opened, strict=True) if not well]
        return [seconds for seconds, _ in opened], broken

    def open_page(self, account: Account, page: str, limit_s: float = PATIENCE_S) -> bool:
        headers = {"Cookie": account.cookies, "HX-Request": "true"} if account.cookies else {}
        return request(self.product.port, "GET", page, headers=headers, limit_s=limit_s)[0] == 200

    def first_page(self) -> tuple[Account, str]:
        [(account, lead, _)] = self.leads(1)
        return account, self.product.pages(account, lead)[-1]

    def ask_send(self, account: Account, lead: str, text: str) -> None:
        refusals = 0
        while refusals < PRESSES:
            status = self.product.send(account, lead, "email", text)
            if 200 <= status < 300:
                return
            refusals += status not in LATER
            time.sleep(PAUSE_S)

    def crons(self) -> list[str]:
        """The crons that did not answer 200."""
        port, headers = self.product.port, self.product.cron_headers
        return [path for path in self.product.crons if request(port, "GET", path, headers=headers)[0] != 200]

    def stored(self) -> tuple[list[str], list[str]]:
        """The keys of the messages that are on the lead that they were delivered for, and of all others."""
        right, astray = list[str](), list[str]()
        for owner, email, text in self.product.rows(self.product.messages):
            if key := KEY.search(text):
                home = (self.product.accounts[int(key[1])].workspace, address(key[0]))
                (right if (owner, email) == home else astray).append(key[0])
        return right, astray

    def drafted(self) -> list[str]:
        keys = [KEY.search(text) for (text,) in self.product.rows(self.product.drafted)]
        return [key[0] for key in keys if key]

    def unread(self) -> list[str]:
        """What a report has not read yet, and what it should not have read."""
        readings = Counter(row[:2] for row in set(self.product.rows(self.product.readings)))
        owners = [account.workspace for account in self.product.accounts]
        missing = [owner for owner in owners for _ in range(READ - readings[owner, owner])]
        return missing + [f"{owner} reads {other}" for owner, other in readings if owner != other]

    def said_of_sends(self) -> list[tuple[str, str]]:
        return [(str(text), str(state)) for text, state in self.product.rows(self.product.sends)]

    def over_sends(self) -> int:
        return sum(state in checker.ENDS for _, state in self.said_of_sends())

    def unsent(self) -> list[str]:
        return [text for text, state in self.said_of_sends() if state not in checker.ENDS]

    def unsettled(self) -> list[str]:
        return checker.unsettled(self.went_out(), self.said_of_sends())

    def went_out(self) -> Counter[str]:
        """How often each answer went out. If from another account, or to somebody else, its text says so."""
        texts = list[str]()
        for sent in self.sandbox.sends(provider="emailbison"):
            if answer := ANSWER.search(sent["text"]):
                text, way = f"This is {answer[0]}.", (sent["account"], sent["to"])
                right = way == (answer[1], self.answers[text][1])
                texts.append(text if right else f"{text} {way}")
        return Counter(texts)

    def settled(self, wrong: Callable[[], list[str]]) -> list[str]:
        """What is wrong once nothing goes on any more. A product that works later gets the time for it."""
        lines, patience_s = wrong(), PATIENCE_S if self.product.works_later else 0
        ends = time.monotonic() + patience_s
        while lines and time.monotonic() < ends:
            self.stage.keep()
            time.sleep(0.2)
            before, lines = lines, wrong()
            if len(lines) < len(before):
                ends = time.monotonic() + patience_s
        return lines

    @contextmanager
    def ended(self) -> Iterator[Clock]:
        """Gives a clock: the seconds from the end of the block until its argument is true."""
        ends_at: list[float] = []

        def after(normal: Callable[[], object]) -> float:
            self.stage.wait(normal, "all as before")
            return round(time.monotonic() - ends_at[0], 1)

        yield after
        ends_at.append(time.monotonic())

    @contextmanager
    def faults(self, faults: list[dict[str, Any]]) -> Iterator[Clock]:
        """The providers' faults within the block, and the clock of `ended`."""
        with self.ended() as after:
            orders = [self.sandbox.fault(seed=self.dice.randrange(2**32), **fault) for fault in faults]
            yield after
            for order in orders:
                self.sandbox.clear_faults(order.id)
                self.fired[order.kind] += order.fired

    def fault(self, **fault: Any) -> AbstractContextManager[Clock]:
        return self.faults([fault])

    def kill_one(self, name: str) -> None:
        """Kills one of the service's processes below its parent."""
        service = self.stage.services[name]
        below = self.stage.wait(lambda: service.family()[1:], f"a process of {name}")
        service.kill(self.dice.choice(below))

    def kill_caller(self) -> bool:
        """Kills a worker that has called EmailBison, and has no answer yet. Whether that was still so."""
        service = self.stage.services["worker"]
        callers = {process.pid: process for process in service.family()}
        calling = [pid for (pid,) in self.product.rows(self.product.calling) if pid in callers]
        for pid in calling[:1]:
            service.kill(callers[pid])
        return bool(calling) and (calling[0],) in self.product.rows(self.product.calling)

    def kill_all(self, name: str) -> None:
        self.killed[name] += 1
        self.stage.services[name].kill()
        self.stage.services[name].keep()

    def freeze(self) -> None:
        with frozen(self.stage.postgres):
            time.sleep(FROZEN_S)
