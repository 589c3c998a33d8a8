"""The steps that set up a new workspace, up to its first answer.

Users do not tick off steps. A step is done when the database proves it: an account works, a key was used, an event was
accepted, a notice arrived, or a person approved a draft. Sample leads do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zlib import crc32

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from inbox.health import notice_trial, sentences
from inbox.leads.folders import capped_count
from inbox.models import Draft, Invitation, Lead, Membership, Message, WebhookDelivery, Workspace
from inbox.pages.state_marks import StateMark
from inbox.pages.templatetags.holdfast import capped
from inbox.replying import slots
from inbox.replying.prompts import model_calls
from inbox.workspaces.accounts import known_as, usable
from integrations import openai, registry, slack
from integrations.events import BACKFILL
from integrations.models import HealthState, Integration, Notice, WebhookKey, WorkspaceIntegrationHealth
from integrations.spec import stated

DONE, FAILED, CHECKING, OPEN, LATER = "done", "failed", "checking", "open", "later"
MARKS = {
    DONE: StateMark("ok", "ok", "Done"),
    FAILED: StateMark("bad", "fail", "Failed"),
    CHECKING: StateMark("info", "run", "Waiting"),
}
"""The marks of steps by their state. A step that is still to do shows its number instead."""
ALERTS = "Turn on alerts for broken accounts"
APPROVED = [Draft.Status.APPROVED, Draft.Status.SENT]
WORKS = (HealthState.CONNECTED, HealthState.QUIET, HealthState.RATE_LIMITED)
"""The states of health in which an account's key is known to be valid."""


@dataclass(slots=True)
class Step:
    """A step: `said` is its explanation, and `at` the time when it was proven to be done. `is_next` marks the first
    step that needs a person.
    """

    state: str
    title: str
    said: str = ""
    at: datetime | None = None
    url: str = ""
    link: str = ""
    key: str = ""
    is_next: bool = False

    @property
    def done(self) -> bool:
        return self.state == DONE

    @property
    def mark(self) -> StateMark | None:
        return MARKS.get(self.state)


class FirstSteps:
    """The first steps of `workspace`. Each of their queries runs once, when its result is needed."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @classmethod
    def of(cls, workspace: Workspace) -> "FirstSteps":
        """Returns the first steps of `workspace`, stored on that object so that a page reads them only once."""
        steps: FirstSteps = vars(workspace).setdefault("first_steps", cls(workspace))
        return steps

    @cached_property
    def accounts(self) -> list[Integration]:
        """The accounts that are on and have a key, with their health."""
        rows = self.workspace.integrations.filter(enabled=True).select_related("health")
        return [row for row in rows if usable(row)]

    @cached_property
    def senders(self) -> list[Integration]:
        """The accounts that send messages: broken ones first, then working ones, then those not checked yet."""
        rows = [row for row in self.accounts if registry.spec_of(row.provider).channel]
        return sorted(rows, key=lambda row: (state_of(row) == HealthState.UNKNOWN, state_of(row) in WORKS))

    @cached_property
    def keys(self) -> list[WebhookKey]:
        """The usable webhook keys of accounts that send messages, newest first."""
        names = [name for name, spec in registry.specs().items() if spec.channel]
        keys = WebhookKey.objects.usable().filter(
            integration__workspace=self.workspace, integration__provider__in=names
        )
        return list(keys.order_by("-created_at"))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The facts about the steps from other tables, read by one statement whose subqueries use indexes."""
        scope = {"workspace": OuterRef("pk")}
        event = _events().filter(**scope)
        notice = Notice.objects.filter(**scope).order_by("-created_at")
        arrived = notice.filter(state=Notice.State.SENT)
        by_slack = arrived.filter(path=Notice.Path.SLACK)
        by_email = arrived.filter(path=Notice.Path.EMAIL)
        trial = notice.filter(kind=notice_trial.KIND)
        draft = Draft.objects.filter(**scope, lead__sample=False)
        waiting = draft.filter(status=Draft.Status.PENDING).order_by("-created_at")
        invited = Invitation.objects.filter(**scope, state=Invitation.State.OPEN).order_by("-created_at")
        people = Membership.objects.filter(**scope)
        rows = Workspace.objects.filter(pk=self.workspace.pk)
        return dict(
            rows.values(
                event_lead=Subquery(event.values("lead")[:1]),
                event_at=Subquery(event.values("received_at")[:1]),
                heard=Exists(Lead.objects.filter(**scope, sample=False, last_inbound_at__isnull=False)),
                slack_at=Subquery(by_slack.values("finished_at")[:1]),
                email_at=Subquery(by_email.values("finished_at")[:1]),
                trial_at=Subquery(trial.values("created_at")[:1]),
                trial_state=Subquery(trial.values("state")[:1]),
                trial_reason=Subquery(trial.values("reason")[:1]),
                people=capped_count(people),
                invited=Subquery(invited.values("email")[:1]),
                approved=Exists(draft.filter(decided_by__isnull=False, status__in=APPROVED)),
                draft_lead=Subquery(waiting.values("lead")[:1]),
                sample=Subquery(Lead.objects.filter(**scope, sample=True).values("pk")[:1]),
            ).get()
        )

    @cached_property
    def steps(self) -> list[Step]:
        steps = {
            "sender": self._sender(),
            "address": self._address(),
            "event": self._event(),
            "model": self._model(),
            "persona": self._persona(),
            "notice": self._notice(),
            "colleague": self._colleague(),
            "draft": self._draft(),
        }
        for key, step in steps.items():
            step.key = key
        if following := next((step for step in steps.values() if step.state in (OPEN, FAILED)), None):
            following.is_next = True
        return list(steps.values())

    @property
    def next(self) -> Step | None:
        """The first step that needs a person, or else the first step that is not done; None if all are done."""
        waiting = [step for step in self.steps if not step.done]
        return next((step for step in waiting if step.is_next), waiting[0] if waiting else None)

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def heading(self) -> str:
        count = len(self.steps) - self.done
        if not count:
            return "All set"
        if not self.senders and not self.facts["heard"]:
            return "Ready in about four minutes"
        return "One step left" if count == 1 else f"{count} steps left"

    @property
    def all_done(self) -> bool:
        return all(step.done for step in self.steps)

    @property
    def key(self) -> str:
        """A short text that changes whenever a step changes, so that the page knows when to draw them again."""
        lines = [(step.state, step.title, step.said, step.url, step.is_next) for step in self.steps]
        return f"{crc32(repr((lines, self.addresses, self.facts['sample'])).encode()):x}"

    @property
    def can_reconnect(self) -> bool:
        """Whether a login on the provider's page repairs the account that the first step is about."""
        health = getattr(self.senders[0], "health", None) if self.senders else None
        return health is not None and sentences.can_reconnect(health)

    @property
    def names(self) -> str:
        """The providers of the accounts that send messages, as words in a sentence; "" if none is connected."""
        return listed(_names(self.senders))

    @property
    def is_are(self) -> str:
        return "are" if len({row.provider for row in self.senders}) > 1 else "is"

    @property
    def used_at(self) -> datetime | None:
        """When a webhook URL was last called with one of the keys; None if that never happened."""
        return max((key.last_used_at for key in self.keys if key.last_used_at), default=None)

    @property
    def addresses(self) -> list[tuple[Integration, WebhookKey]]:
        """The accounts that have a webhook URL, each with its newest key."""
        newest = {key.integration_id: key for key in reversed(self.keys)}
        return [(row, newest[row.pk]) for row in self.senders if row.pk in newest]

    @property
    def tries(self) -> list[Integration]:
        """The accounts to which a test event can be sent."""
        rows = [(row, registry.address_of(row.provider)) for row, _ in self.addresses]
        return [row for row, source in rows if source and source.sample]

    @property
    def choices(self) -> list[tuple[str, str, str]]:
        """The providers that can send messages: name, label and channel, in the order of the registry."""
        specs = [spec for spec in registry.specs().values() if spec.channel and spec.is_connected_here]
        return [(spec.name, spec.label, stated(spec.channel)) for spec in specs]

    def _page(self, name: str, *args: object) -> str:
        return reverse(f"inbox:{name}", args=[self.workspace.pk, *args])

    def _sender(self) -> Step:
        if not self.senders and self.facts["heard"]:
            return Step(
                OPEN,
                "Connect the account that sends your answers",
                "Replies already come in by webhook. To send answers, Holdfast needs the account’s key.",
            )
        if not self.senders:
            return Step(
                OPEN,
                "Connect the account your replies come to",
                "Holdfast checks the key right away. You can connect more accounts later.",
            )
        account = self.senders[0]
        name, health = known_as(account.provider), getattr(account, "health", None)
        state = state_of(account)
        if health is None or state == HealthState.UNKNOWN:
            return Step(CHECKING, f"Checking {name}", "This takes a few seconds.")
        if state in WORKS:
            names = _names([row for row in self.senders if state_of(row) in WORKS])
            title = f"{listed(names)} {'are' if len(names) > 1 else 'is'} connected"
            return Step(DONE, title, at=health.last_success_at)
        url = self._page("integration-settings", account.pk)
        if state != HealthState.DISCONNECTED:
            title = sentences.headline(health, self.workspace.name)
            return Step(FAILED, title, _failure(health, name), url=url, link="Open settings")
        if health.lacks_mailboxes:
            mailboxes = "the mailboxes" if health.lost_mailboxes[1:] else health.lost_mailboxes[0]
            return Step(FAILED, f"Reconnect {name}", f"Log in to {mailboxes} at {name}, then run the test.")
        return Step(FAILED, f"Reconnect {name}", _failure(health, name), url=url, link="Enter new key")

    def _address(self) -> Step:
        if self.used_at:
            return Step(DONE, "The webhook URL works", at=self.used_at)
        title = f"Paste the webhook URL into {self.names or 'the account'}"
        if not self.senders:
            return Step(LATER, title, "Available after you connect an account.")
        words = "No events yet. Treat this URL like a password: anyone who has it can send events."
        return Step(OPEN, title, words)

    def _event(self) -> Step:
        if self.facts["event_at"]:
            return Step(
                DONE,
                "Replies are arriving",
                at=self.facts["event_at"],
                url=self._page("conversation", lead) if (lead := self.facts["event_lead"]) else "",
                link="Open the reply",
            )
        if self.facts["heard"] and self.used_at:  # the delivery with the reply is no longer stored
            return Step(DONE, "Replies are arriving", at=self.used_at)
        if not self.senders:
            return Step(LATER, "Get your first reply", "Available after you connect an account.")
        return Step(
            CHECKING,
            "Listening for the first reply",
            "The reply shows up here within seconds. Campaign replies can take a while, so answer one of your own "
            "emails or send a test event.",
        )

    def _model(self) -> Step:
        account = next((row for row in self.accounts if row.provider == openai.NAME), None)
        health = getattr(account, "health", None)
        if not model_calls.ready():
            return Step(
                FAILED,
                "No model is connected",
                "Ask the operator of this installation to set OPENAI_API_KEY. Until then, your team sorts "
                "replies by hand.",
            )
        if health is None or health.state == HealthState.UNKNOWN:
            return Step(OPEN, "Test the OpenAI key", "The model sorts replies and writes drafts.")
        if health.state in WORKS:
            return Step(DONE, "The OpenAI key works", at=health.last_success_at)
        refused = health.state == HealthState.DISCONNECTED
        act = "Ask the operator of this installation to fix it." if refused else "Holdfast keeps trying."
        headline = sentences.headline(health, self.workspace.name)
        title = "The OpenAI key doesn’t work" if refused else headline
        return Step(FAILED, title, f"{_failure(health, 'OpenAI')} {act}".strip())

    def _persona(self) -> Step:
        workspace, settings = self.workspace, self._page("settings")
        name, url = workspace.persona_name.strip(), f"{settings}#id_persona_name"
        if not name:
            return Step(
                OPEN,
                "Set the name that signs your answers",
                f"Check the time zone there too. It’s currently {workspace.timezone}.",
                url=url,
                link="Set the name",
            )
        lack = slots.lack(workspace, self.accounts)
        times = f" {lack.words}" if lack else " Free times come from the calendar."
        words = f"Times are in {workspace.timezone}.{times}"
        return Step(DONE, f"Answers are signed by {name}", words, url=url, link="Settings")

    def _notice(self) -> Step:
        facts, way = self.facts, notice_trial.told_by(self.workspace)
        by_slack = way == Notice.Path.SLACK
        arrived = facts["slack_at" if by_slack else "email_at"] if way else None
        if facts["trial_state"] and not (arrived and arrived >= facts["trial_at"]):
            if facts["trial_state"] == Notice.State.CLAIMED:
                return Step(CHECKING, "Your test notification is on its way")
            if facts["trial_state"] != Notice.State.SENT:
                why = facts["trial_reason"] or "it’s unclear whether it arrived"
                return Step(FAILED, "The test notification didn’t arrive", f"{_upper(why)}.")
        if arrived:
            words = "Slack received one." if by_slack else "The mail server accepted one."
            return Step(DONE, "Notifications about broken accounts work", words, arrived)
        if by_slack:
            return Step(OPEN, ALERTS, "A test notification goes to your Slack channel.")
        if way:
            words = "A test notification goes to owners and admins by email, or to Slack once it’s connected."
            return Step(OPEN, ALERTS, words)
        return Step(
            OPEN,
            ALERTS,
            "Connect Slack, since this installation sends no email.",
            url=self._page("integration-new", slack.NAME),
            link="Connect Slack",
        )

    def _colleague(self) -> Step:
        facts, people = self.facts, self._page("people")
        if facts["people"] > 1:
            return Step(
                DONE,
                f"{capped(facts['people'])} people are in this workspace",
                url=people,
                link="People",
            )
        if facts["invited"]:
            return Step(
                DONE,
                f"{facts['invited']} has been invited",
                "This person hasn’t joined yet.",
                url=people,
                link="People",
            )
        return Step(
            OPEN,
            "Invite a colleague",
            "Colleagues can answer while you’re away.",
            url=people,
            link="Invite",
        )

    def _draft(self) -> Step:
        if self.facts["approved"]:
            return Step(DONE, "The first draft is approved")
        if self.facts["draft_lead"]:
            return Step(
                OPEN,
                "Approve your first draft",
                "It’s below the reply. Change anything you like. Nothing goes out until you send it.",
                url=self._page("conversation", self.facts["draft_lead"]),
                link="Open the draft",
            )
        return Step(LATER, "Approve your first draft", "Ready once the first reply is in.")


def finish(workspace: Workspace) -> bool:
    """Hides the first steps for everyone in the workspace. Returns False if they were already hidden."""
    return bool(Workspace.objects.filter(pk=workspace.pk, set_up_at=None).update(set_up_at=timezone.now()))


def url(workspace: Workspace) -> str:
    return reverse("inbox:start", args=[workspace.pk])


def state_of(account: Integration) -> str:
    """Returns the account's HealthState; UNKNOWN if no state is stored yet."""
    health = getattr(account, "health", None)
    return health.state if health else HealthState.UNKNOWN


def _events() -> QuerySet[WebhookDelivery]:
    accepted = WebhookDelivery.objects.filter(verdict=WebhookDelivery.Verdict.ACCEPTED, sample=False)
    replies = accepted.filter(message__direction=Message.Direction.INBOUND).exclude(event_type=BACKFILL)
    return replies.order_by("-received_at")


def listed(words: Sequence[str]) -> str:
    """Joins words as in a sentence: "A", "A and B", "A, B and C"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _names(accounts: Sequence[Integration]) -> list[str]:
    return list(dict.fromkeys(known_as(row.provider) for row in accounts))


def _failure(health: WorkspaceIntegrationHealth, provider: str) -> str:
    why = f"{_upper(sentences.why(health.reason))}." if health.reason else ""
    words = f"{provider} says: “{health.words.rstrip('.')}”." if health.words else ""
    return f"{why} {words}".strip()


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
