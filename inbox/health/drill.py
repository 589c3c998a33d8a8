"""Runs the fire drill: a job that breaks a test account deliberately, to prove that people of this installation would
be notified of an outage.

The account belongs to a test workspace without members, which is deleted at the end. The account's provider is our own
sandbox, which the job starts on a loopback port that only this thread may call (hosts.opened). The job calls the
product's own code step by step. Jobs that signals enqueue meanwhile do not run, because another process could not reach
the sandbox; they are deleted with the workspace. The Slack message goes to the real channel
(docs/adr/0031-the-fire-drill-calls-a-sandbox-of-its-own.md).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from inbox.followups import plan
from inbox.health import banner, comeback, notice_channels
from inbox.health.sentences import TONES
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
from inbox.workspaces.accounts import slack_of
from integrations import notices, unipile
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health import probes
from integrations.http import hosts
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue, held_until
from jobs.errors import PermanentError, TransientError
from jobs.kinds import kind_name
from jobs.models import BackgroundJob, JobStep
from sandbox import SandboxServer

logger = logging.getLogger(__name__)

DRILL = kind_name("health.drill", __name__)
ACCOUNT = "fire-drill"
OWNER = "Robin Drill"
MISSED = 3
WOULD_SAY = "In a real outage, this message would say:"
STEPS = {
    "prepare": "A test account is connected",
    "break": "The account breaks",
    "detect": "Holdfast detects the problem",
    "banner": "The banner appears",
    "pause": "The follow-up is paused",
    "slack": "Slack gets a notification",
    "missed": f"{MISSED} messages arrive during the outage",
    "heal": "The account is reconnected",
    "import": "The missed messages are imported",
    "recovered": "The banner says it’s back",
    "resume": "The follow-up resumes",
    "green": "The Slack message turns green",
    "clean": "The test workspace is removed",
}
"""The steps of the drill in order, with their labels for users. `_Drill` has a method for each."""
NEEDED = {"prepare", "break", "detect", "missed", "heal"}
"""The steps whose failure ends the drill, because later steps depend on them."""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """The result of a step. `ok` is True (passed), False (failed) or None (not tried). `said` explains it to users."""

    ok: bool | None
    said: str = ""


class Failed(Exception):
    """A step in NEEDED failed, so the drill ends."""


def start(workspace: Workspace, user: User) -> BackgroundJob:
    """Returns the job of the drill that is running for `workspace`, or starts a drill and returns its job."""
    before = last(workspace)
    if before is not None and not before.finished_at:
        return before
    job, _ = enqueue(
        DRILL,
        workspace_id=workspace.pk,
        # The key contains the id of the previous drill, so two people who press at the same time start only one drill.
        dedupe_key=f"{DRILL}:{before.pk if before else 'first'}",
        payload={"user_id": user.pk},
    )
    return job


def last(workspace: Workspace) -> BackgroundJob | None:
    return BackgroundJob.objects.filter(workspace=workspace, kind=DRILL).order_by("-created_at").first()


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `health.drill`: a fire drill. Returns the numbers of passed, failed and skipped steps. If the worker
    dies, the sandbox dies with it, so the next attempt only deletes the test workspace, and raises PermanentError.
    """
    parent = Workspace.objects.get(pk=ctx.workspace_id)
    parent.drills.all().delete()
    if JobStep.objects.filter(job=ctx.job).exists():
        raise PermanentError("The worker stopped during the drill. Start a new drill.")
    user = User.objects.get(pk=ctx.payload["user_id"])
    try:
        held = held_until(timezone.now() + timedelta(days=1))
        with SandboxServer() as sandbox, hosts.opened(sandbox.port), held:
            _Drill(ctx, parent, user, sandbox).run()
    finally:
        parent.drills.all().delete()
    results: list[Any] = [step.result for step in JobStep.objects.filter(job=ctx.job)]
    verdicts = [step_result["ok"] for step_result in results]
    return {"passed": verdicts.count(True), "failed": verdicts.count(False), "skipped": verdicts.count(None)}


class _Drill:
    def __init__(self, ctx: JobContext, parent: Workspace, user: User, sandbox: SandboxServer) -> None:
        self.ctx, self.parent, self.user, self.sandbox = ctx, parent, user, sandbox
        self.workspace: Workspace
        self.account: Integration
        self.slack = slack_of(parent.pk)
        self.posted = False
        self.done = 0

    def run(self) -> None:
        try:
            for name in [*STEPS][:-1]:
                self._step(name)
        except Failed:
            logger.warning("fire drill failed", extra={"workspace_id": str(self.parent.pk)})
        self._step("clean")

    def _step(self, name: str) -> None:
        check: Callable[[Deadline], DrillResult] = getattr(self, f"_{name}")

        def recorded(deadline: Deadline) -> dict[str, object]:
            try:
                verdict = check(deadline)
            except (ProviderError, ProviderMisconfigured, TransientError) as error:
                verdict = DrillResult(False, str(error))
            return {"ok": verdict.ok, "said": verdict.said}

        effect = "send" if name == "slack" else "idempotent"
        step_result = self.ctx.step(name, recorded, effect=effect)
        self.done += 1
        self.ctx.progress(self.done, len(STEPS))
        if name in NEEDED and not step_result["ok"]:
            raise Failed

    @property
    def _health(self) -> WorkspaceIntegrationHealth:
        rows = WorkspaceIntegrationHealth.objects.select_related("integration__workspace", "workspace")
        return rows.get(integration=self.account)

    def _prepare(self, deadline: Deadline) -> DrillResult:
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
        probe = probes.probe(self.account, deadline.within_ms(probes.CHECK_MS))
        return DrillResult(self._health.state == HealthState.CONNECTED, probe.sentence)

    def _break(self, deadline: Deadline) -> DrillResult:
        self.sandbox.set_account(unipile.NAME, ACCOUNT, "disconnected")
        return DrillResult(True, "The provider now responds with 401, as it does when a session expires.")

    def _detect(self, deadline: Deadline) -> DrillResult:
        probe = probes.check_now(self.account)
        return DrillResult(self._health.state == HealthState.DISCONNECTED, probe.sentence)

    def _banner(self, deadline: Deadline) -> DrillResult:
        return self._shown(HealthState.DISCONNECTED)

    def _recovered(self, deadline: Deadline) -> DrillResult:
        return self._shown(HealthState.CONNECTED)

    def _shown(self, state: HealthState) -> DrillResult:
        admin = Membership(workspace=self.workspace, user=self.user, role=Membership.Role.ADMIN)
        shown = banner.banner_for(self.workspace, self.user, admin)
        if shown is None:
            return DrillResult(False, "There’s no banner.")
        words = f"“{shown.worst.headline}. {shown.worst.effect}”"
        return DrillResult(shown.worst.tone == TONES[state], words)

    def _pause(self, deadline: Deadline) -> DrillResult:
        instance = FollowUpInstance.objects.get(workspace=self.workspace)
        paused = instance.status == FollowUpInstance.Status.PAUSED
        return DrillResult(paused, instance.get_paused_for_display() or "The follow-up is still running.")

    def _slack(self, deadline: Deadline) -> DrillResult:
        if not self._asked_for(notice_channels.NOTIFY):
            return DrillResult(False, "The outage didn’t trigger a notification.")
        if self.slack is None:
            return DrillResult(
                None, "No Slack channel is connected. In an outage, the admins would get an email."
            )
        line = banner.line(self._health, self.workspace)
        where = settings.PUBLIC_URL + reverse("inbox:drill", args=[self.parent.pk])
        text = f"Fire drill. Nothing is broken. {WOULD_SAY}\n{line.headline}. {line.effect}\n{where}"
        try:
            notice_channels.tell(self._health, self.slack, text)
        finally:
            notice = self._health.notices.filter(path=Notice.Path.SLACK).first()
            self.posted = notice is not None and notice.state == Notice.State.SENT
        if not self.posted:
            reason = notice.reason if notice else "Slack is already broken"
            return DrillResult(
                False, f"The message didn’t arrive ({reason}). In an outage, the admins would get an email."
            )
        channel = self.slack.config.get("channel") or "the webhook’s default channel"
        return DrillResult(True, f"One message in {channel}, marked as a drill.")

    def _asked_for(self, kind: str) -> bool:
        return BackgroundJob.objects.filter(workspace=self.workspace, kind=kind).exists()

    def _missed(self, deadline: Deadline) -> DrillResult:
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
        return DrillResult(self._messages() == 0, "The provider stores the messages and sends no webhooks.")

    def _messages(self) -> int:
        return Message.objects.filter(workspace=self.workspace).count()

    def _heal(self, deadline: Deadline) -> DrillResult:
        self.sandbox.set_account(unipile.NAME, ACCOUNT, "ok")
        probe = probes.check_now(self.account)
        return DrillResult(self._health.state == HealthState.CONNECTED, probe.sentence)

    def _import(self, deadline: Deadline) -> DrillResult:
        if not self._asked_for(comeback.RECOVER):
            return DrillResult(False, "The recovery didn’t trigger an import.")
        imported = comeback.fetch_missed(self._health, deadline)
        stored = self._messages()
        return DrillResult(imported == stored == MISSED, f"{imported} of {MISSED} messages are in the inbox.")

    def _resume(self, deadline: Deadline) -> DrillResult:
        instance = FollowUpInstance.objects.get(workspace=self.workspace)
        active = instance.status == FollowUpInstance.Status.ACTIVE
        return DrillResult(active, f"The follow-up is {instance.get_status_display().lower()}.")

    def _green(self, deadline: Deadline) -> DrillResult:
        if not self.posted or self.slack is None:
            return DrillResult(None, "There’s no message to change.")
        line = banner.line(self._health, self.workspace)
        text = f"Fire drill complete. Everything is working. {WOULD_SAY}\n{line.headline}. {line.effect}"
        if notices.edit(self.slack, self._health, text, deadline, green=True):
            return DrillResult(True, "Holdfast updated the first message and posted no second one.")
        return DrillResult(None, "An incoming webhook can’t update its messages. A bot token can.")

    def _clean(self, deadline: Deadline) -> DrillResult:
        self.parent.drills.all().delete()
        return DrillResult(not self.parent.drills.exists())
