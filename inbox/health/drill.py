"""The fire drill: a job that breaks an account on purpose, and proves on this installation that people would know.

The account is of a test workspace without members, which lives as long as the drill. Its provider is our own sandbox,
started here on a loopback port that this thread alone may call (hosts.opened). Everything else is the product: the same
probe, health, banner, notice and backfill, called step by step. Jobs that the signals ask for are held and go away with
the workspace, as another process could not reach the sandbox. The Slack message goes to the real channel. (ADR 0031)
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from inbox.accounts import slack_of
from inbox.followups import plan
from inbox.health import banner, recovery, telling
from inbox.health.wording import TONES
from inbox.models import (
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    Lead,
    Membership,
    Message,
    User,
    Workspace,
)
from integrations import hosts, notices, probes, unipile
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue, held_until
from jobs.errors import PermanentError, TransientError
from jobs.models import BackgroundJob, JobStep
from jobs.registry import kind_name
from sandbox import SandboxServer

logger = logging.getLogger(__name__)

DRILL = kind_name("health.drill", __name__)
ACCOUNT = "fire-drill"
OWNER = "Robin Drill"
MISSED = 3
STEPS = {
    "prepare": "A test account is connected",
    "break": "The account breaks",
    "detect": "It is noticed",
    "banner": "The banner says so",
    "pause": "The follow-up is paused",
    "slack": "Slack is told",
    "missed": f"{MISSED} messages come meanwhile",
    "heal": "The account is reconnected",
    "import": "What was missed is imported",
    "recovered": "The banner says that it is back",
    "resume": "The follow-up goes on",
    "green": "The Slack message turns green",
    "clean": "The test workspace is removed",
}
"""Step of the job: what people read, in order."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok`: True passed, False failed, None not tried, with the reason in `said`."""

    ok: bool | None
    said: str = ""


class Failed(Exception):
    """A step failed whose success the later ones need."""


def start(workspace: Workspace, user: User) -> BackgroundJob:
    """Begin a drill, unless one is under way: then that one is returned."""
    before = last(workspace)
    if before is not None and not before.finished_at:
        return before
    job, _ = enqueue(
        DRILL,
        workspace_id=workspace.pk,
        dedupe_key=f"{DRILL}:{before.pk if before else 'first'}",  # one drill follows on each, whoever presses
        payload={"user_id": user.pk},
    )
    return job


def last(workspace: Workspace) -> BackgroundJob | None:
    """The newest drill of `workspace`."""
    return BackgroundJob.objects.filter(workspace=workspace, kind=DRILL).order_by("-created_at").first()


def run(ctx: JobContext) -> dict[str, int]:
    """The job `health.drill`. Counts of steps by verdict. Cleans up however it ends; a worker that dies in the middle
    is followed by one that only cleans up, as the sandbox has died with it."""
    parent = Workspace.objects.get(pk=ctx.workspace_id)
    parent.drills.all().delete()
    if JobStep.objects.filter(job=ctx.job).exists():
        raise PermanentError("The worker stopped in the middle of the drill. Start it again.")
    user = User.objects.get(pk=ctx.payload["user_id"])
    try:
        held = held_until(timezone.now() + timedelta(days=1))
        with SandboxServer() as sandbox, hosts.opened(sandbox.port), held:
            _Drill(ctx, parent, user, sandbox).run()
    finally:
        parent.drills.all().delete()
    verdicts = [step.result["ok"] for step in JobStep.objects.filter(job=ctx.job)]
    return {"passed": verdicts.count(True), "failed": verdicts.count(False), "skipped": verdicts.count(None)}


class _Drill:
    """One drill under way."""

    def __init__(self, ctx: JobContext, parent: Workspace, user: User, sandbox: SandboxServer) -> None:
        self.ctx, self.parent, self.user, self.sandbox = ctx, parent, user, sandbox
        self.workspace: Workspace
        self.account: Integration
        self.slack = slack_of(parent.pk)
        self.posted = False
        self.done = 0

    def run(self) -> None:
        try:
            self._step("prepare", self._prepare)
            self._step("break", self._break)
            self._step("detect", self._detect)
            self._step("banner", self._banner, needed=False)
            self._step("pause", self._paused, needed=False)
            self._step("slack", self._tell, needed=False)
            self._step("missed", self._write)
            self._step("heal", self._heal)
            self._step("import", self._import, needed=False)
            self._step("recovered", self._recovered, needed=False)
            self._step("resume", self._resumed, needed=False)
            self._step("green", self._turn_green, needed=False)
        except Failed:
            logger.warning("fire drill failed", extra={"workspace_id": str(self.parent.pk)})
        self._step("clean", self._clean, needed=False)

    def _step(self, name: str, check: Callable[[Deadline], Verdict], *, needed: bool = True) -> None:
        def recorded(deadline: Deadline) -> dict[str, object]:
            try:
                verdict = check(deadline)
            except (ProviderError, ProviderMisconfigured, TransientError) as error:
                verdict = Verdict(False, str(error))
            return {"ok": verdict.ok, "said": verdict.said}

        effect = "send" if name == "slack" else "idempotent"
        result = self.ctx.step(name, recorded, effect=effect)
        self.done += 1
        self.ctx.progress(self.done, len(STEPS))
        if needed and not result["ok"]:
            raise Failed

    @property
    def _health(self) -> WorkspaceIntegrationHealth:
        rows = WorkspaceIntegrationHealth.objects.select_related("integration__workspace", "workspace")
        return rows.get(integration=self.account)

    def _prepare(self, deadline: Deadline) -> Verdict:
        self.workspace = Workspace.objects.create(
            name=f"Fire drill of {self.parent.name}"[:120], drill_of=self.parent
        )
        self.account = Integration.objects.create(
            workspace=self.workspace,
            provider=unipile.NAME,
            name=OWNER,
            external_account_id=ACCOUNT,
            credentials={"api_key": ACCOUNT},
            config={"base_url": self.sandbox.url("unipile")},
        )
        sequence = FollowUpSequence.objects.create(workspace=self.workspace, name="Fire drill")
        FollowUpStep.objects.create(sequence=sequence, offset_days=7, channel="linkedin", text="Hi")
        plan.enrol(
            Lead.objects.create(workspace=self.workspace, first_name="Sam", last_name="Drill"), sequence
        )
        self.sandbox.set_account(unipile.NAME, ACCOUNT, "ok", {"name": OWNER})
        result = probes.probe(self.account, deadline.within_ms(probes.CHECK_MS))
        return Verdict(self._health.state == HealthState.CONNECTED, result.sentence)

    def _break(self, deadline: Deadline) -> Verdict:
        self.sandbox.set_account(unipile.NAME, ACCOUNT, "disconnected")
        return Verdict(True, "Its provider now answers 401, as for a session that has ended.")

    def _detect(self, deadline: Deadline) -> Verdict:
        result = probes.check_now(self.account)
        return Verdict(self._health.state == HealthState.DISCONNECTED, result.sentence)

    def _banner(self, deadline: Deadline) -> Verdict:
        return self._shown(HealthState.DISCONNECTED)

    def _shown(self, state: HealthState) -> Verdict:
        admin = Membership(workspace=self.workspace, user=self.user, role=Membership.Role.ADMIN)
        found = banner.banner_for(self.workspace, self.user, admin)
        if found is None:
            return Verdict(False, "There is no banner.")
        words = f"“{found.worst.headline}. {found.worst.effect}”"
        return Verdict(found.worst.tone == TONES[state], words)

    def _paused(self, deadline: Deadline) -> Verdict:
        instance = FollowUpInstance.objects.get(workspace=self.workspace)
        return Verdict(
            instance.status == FollowUpInstance.Status.PAUSED,
            instance.get_paused_for_display() or "It runs on.",
        )

    def _tell(self, deadline: Deadline) -> Verdict:
        if not self._asked_for(telling.NOTIFY):
            return Verdict(False, "The outage asked for no notice.")
        if self.slack is None:
            return Verdict(
                None, "No Slack channel is connected. In an outage the admins would get an e-mail."
            )
        line = banner.line(self._health, self.workspace)
        where = settings.PUBLIC_URL + reverse("inbox:drill", args=[self.parent.pk])
        text = f"Fire drill, nothing is broken. In an outage this would say:\n{line.headline}. {line.effect}\n{where}"
        try:
            telling.tell(self._health, self.slack, text)
        finally:
            notice = self._health.notices.filter(path=Notice.Path.SLACK).first()
            self.posted = notice is not None and notice.state == Notice.State.SENT
        if not self.posted:
            reason = notice.reason if notice else "Slack is known to be broken"
            return Verdict(
                False, f"It did not arrive ({reason}). In an outage the admins would get an e-mail."
            )
        channel = self.slack.config.get("channel") or "the webhook’s channel"
        return Verdict(True, f"One message in {channel}, marked as a drill.")

    def _asked_for(self, kind: str) -> bool:
        return BackgroundJob.objects.filter(workspace=self.workspace, kind=kind).exists()

    def _write(self, deadline: Deadline) -> Verdict:
        for number in range(MISSED):
            self.sandbox.emit(
                unipile.NAME,
                ACCOUNT,
                "message.received",
                deliver=False,
                chat_id="fire-drill",
                text=f"Message {number + 1} of the fire drill.",
                message_id=f"fire-drill-{number + 1}",
                sender={
                    "id": "ACoFIREDRILL",
                    "name": "Sam Drill",
                    "url": "https://www.linkedin.com/in/sam-drill",
                },
            )
        return Verdict(self._messages() == 0, "The provider keeps them and posts no webhook.")

    def _messages(self) -> int:
        return Message.objects.filter(workspace=self.workspace).count()

    def _heal(self, deadline: Deadline) -> Verdict:
        self.sandbox.set_account(unipile.NAME, ACCOUNT, "ok")
        result = probes.check_now(self.account)
        return Verdict(self._health.state == HealthState.CONNECTED, result.sentence)

    def _import(self, deadline: Deadline) -> Verdict:
        if not self._asked_for(recovery.RECOVER):
            return Verdict(False, "The recovery asked for no import.")
        imported = recovery.fetch_missed(self._health, deadline)
        stored = self._messages()
        return Verdict(imported == stored == MISSED, f"{imported} of {MISSED} messages are in the inbox.")

    def _recovered(self, deadline: Deadline) -> Verdict:
        return self._shown(HealthState.CONNECTED)

    def _resumed(self, deadline: Deadline) -> Verdict:
        instance = FollowUpInstance.objects.get(workspace=self.workspace)
        return Verdict(
            instance.status == FollowUpInstance.Status.ACTIVE,
            f"It is {instance.get_status_display().lower()}.",
        )

    def _turn_green(self, deadline: Deadline) -> Verdict:
        if not self.posted:
            return Verdict(None, "There is no message to change.")
        line = banner.line(self._health, self.workspace)
        text = f"Fire drill over, all is well. In an outage this would say:\n{line.headline}. {line.effect}"
        if notices.edit(self.slack, self._health, text, deadline, green=True):
            return Verdict(True, "The first message was changed; no second one was posted.")
        return Verdict(None, "Messages of an incoming webhook cannot be changed. A bot token can.")

    def _clean(self, deadline: Deadline) -> Verdict:
        self.parent.drills.all().delete()
        return Verdict(not self.parent.drills.exists())
