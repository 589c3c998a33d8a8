"""One row of every model that the admin shows, linked to one another, for tests of its pages."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from inbox.followups import plan
from inbox.models import (
    Appointment,
    AuditEntry,
    BookingCheck,
    ChannelRefusal,
    Deviation,
    Enrichment,
    Event,
    FollowUpTask,
    GateResult,
    Label,
    LeadLabel,
    MailboxAlarm,
    ModelOutage,
    Note,
    ProviderWord,
    TagDecision,
    TextAccess,
    User,
    Workspace,
)
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread
from integrations.health import writer
from integrations.models import (
    AiCall,
    ApiToken,
    CircuitBreaker,
    DayReceipt,
    HealthTransition,
    IdempotencyKey,
    Notice,
    RateWindow,
    ReplyPoll,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookKey,
)
from jobs.enqueue import enqueue
from jobs.ids import uuid7
from jobs.models import (
    BackgroundJob,
    JobAction,
    JobAttempt,
    JobStep,
    Tick,
    Worker,
    WorkspaceLimit,
)
from tests import factories

REGISTERED = dict(admin.site._registry)
SECRET = "sk-live-very-secret"
TEXT = "Only the team may read this sentence."


def url(model: type[Model], page: str, *args: object) -> str:
    """The address of a page of the admin: changelist, add, change, delete or history."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def of_workspace(workspace: Workspace, key: str = "x") -> dict[type[Model], Model]:
    """One row of each model that belongs to a workspace. People's texts hold TEXT, and credentials SECRET."""
    now = timezone.now()
    lead = factories.make_lead(workspace, campaign=factories.make_campaign(workspace), last_snippet=TEXT)
    job, _ = enqueue("reply.send", workspace_id=workspace.pk, dedupe_key=key, payload={})
    about = {"workspace": workspace, "lead": lead}
    member = factories.make_member(workspace)
    rows: list[Model] = [
        workspace,
        *_of_follow_ups(about),
        *_of_job(job, now),
        *_of_pack(about, key),
        lead,
        lead.campaign,
        *_of_lead(about, now, key),
        *_of_message(about, job, now),
        *_of_account(workspace, key, job, now),
        *_of_settings(workspace, now),
        member,
        member.memberships.get(),
    ]
    return {type(row): row for row in rows}


def _of_message(about: dict, job: BackgroundJob, now) -> list[Model]:
    workspace, lead = about["workspace"], about["lead"]
    message = factories.make_message(lead, text=TEXT, subject=TEXT)
    draft = factories.make_draft(message, text=TEXT, strategy={"said": TEXT}, status_reason=TEXT)
    body = b'{"secret_key": "%s", "text": "%s"}' % (SECRET.encode(), TEXT.encode())
    return [
        message,
        draft,
        factories.make_send(draft),
        factories.make_delivery(workspace, message=message, lead=lead, job=job, body=body),
        AuditEntry.objects.create(
            workspace=workspace, action="draft.approve", object_type="draft", object_id=str(draft.pk)
        ),
        TagDecision.objects.create(**about, message=message, tag="Neutral", kind="rule", by="r", quote=TEXT),
        GateResult.objects.create(
            workspace=workspace,
            draft=draft,
            stage="draft",
            gate="length",
            position=1,
            passed=True,
            evidence=TEXT,
            policy_version="1",
            decided_at=now,
        ),
    ]


def _of_account(workspace: Workspace, key: str, job: BackgroundJob, now) -> list[Model]:
    account = factories.make_integration(workspace, external_account_id=key, credentials={"api_key": SECRET})
    health = writer.row(account)
    token, _ = ApiToken.issue(workspace=workspace, name="CRM", scopes=["leads:read"])
    return [
        account,
        health,
        HealthTransition.objects.create(health=health, before="unknown", after="connected", at=now),
        WebhookKey.issue(account),
        token,
        IdempotencyKey.objects.create(token=token, key=SECRET, body_hash="", status=200, answer={"id": 1}),
        *_of_endpoint(workspace, key, now),
        CircuitBreaker.objects.create(
            key=f"emailbison:{workspace.pk}", provider="emailbison", workspace=workspace
        ),
        ReplyPoll.objects.create(integration=account, complete_through=now, due_at=now),
        DayReceipt.objects.create(integration=account, day=now, kind="replies", compared_through=now),
        MailboxAlarm.objects.create(
            integration=account,
            address=f"{key}@outreach.example.com",
            rate="bounces",
            count=9,
            mails=60,
            days=1,
            since=now,
            last_at=now,
        ),
        Deviation.objects.create(
            integration=account,
            source="email",
            kind="field",
            name=f"data.{key}",
            example=job.pk,
            count=1,
            first_at=now,
            last_at=now,
        ),
    ]


def _of_endpoint(workspace: Workspace, key: str, now) -> list[Model]:
    url = f"https://{key}.example.com/"
    endpoint = WebhookEndpoint.objects.create(workspace=workspace, url=url, events=["*"])
    event = Event.objects.create(workspace=workspace, type="lead.created", xid=1, created_at=now)
    return [endpoint, WebhookAttempt.objects.create(endpoint=endpoint, event=event, stream=event.pk)]


def _of_settings(workspace: Workspace, now) -> list[Model]:
    return [
        factories.make_invitation(workspace),
        factories.make_policy(workspace),
        factories.make_fact(workspace, TEXT, TEXT),
        WorkspaceLimit.objects.create(workspace=workspace, max_workers=3),
        TextAccess.objects.create(
            workspace=workspace, reason="A test needs it.", expires_at=now - timedelta(days=1)
        ),
        Notice.objects.create(workspace=workspace, kind="health", path="slack", text=TEXT),
        AiCall.objects.create(
            workspace=workspace,
            feature="draft",
            prompt_version="1",
            model="m",
            duration_ms=1,
            outcome="ok",
        ),
    ]


def _of_follow_ups(about: dict) -> list[Model]:
    sequence = factories.make_sequence(about["workspace"], {"text": TEXT})
    instance = plan.enrol(about["lead"], sequence)
    task = FollowUpTask.objects.create(
        **about,
        instance=instance,
        step=sequence.steps.get(),
        channel="email",
        claimed_at=timezone.now(),
        text=TEXT,
    )
    return [sequence, sequence.steps.get(), instance, task]


def _of_job(job: BackgroundJob, now) -> list[Model]:
    return [
        job,
        JobStep.objects.create(job=job, name="read", status="done", started_at=now),
        JobAttempt.objects.create(
            job=job, number=1, outcome="failed", started_at=now, finished_at=now, duration_ms=1
        ),
        JobAction.objects.create(job=job, action="discard", actor="ana@example.com", detail=TEXT),
    ]


def _of_pack(about: dict, key: str) -> list[Model]:
    now, workspace = timezone.now(), about["workspace"]
    pack = ContextPack.objects.create(
        workspace=workspace, question=TEXT, window="D7", window_from=now, window_to=now, scope_key=key
    )
    return [
        pack,
        PackThread.objects.create(pack=pack, lead=about["lead"], reason="score", position=1),
        ConversationInsight.objects.create(**about, data={"said": TEXT}),
        PackQuestion.objects.create(workspace=workspace, pack=pack, client_token=uuid7(), text=TEXT),
    ]


def _of_lead(about: dict, now, key: str) -> list[Model]:
    return [
        ChannelRefusal.objects.create(**about, channel="sms", code="sms_dnd", since=now, recheck_at=now),
        Appointment.objects.create(**about, provider="ghl", external_id=key),
        BookingCheck.objects.create(**about, next_at=now),
        Enrichment.objects.create(**about, kind="phone"),
        Note.objects.create(**about, text=TEXT),
        label := Label.objects.create(workspace=about["workspace"], name="VIP"),
        LeadLabel.objects.create(
            **about, label=label, state="suggested", kind="model", by="model", reason=TEXT
        ),
        ProviderWord.objects.create(**about, tag="Interested", by="provider", said_at=now),
    ]


def of_installation(user: User) -> dict[type[Model], Model]:
    """One row of each model that belongs to no workspace."""
    now = timezone.now()
    for number, worked in enumerate((True, False)):
        Task.objects.create(id=f"{number:032}", name="t", func="f", started=now, stopped=now, success=worked)
    rows: list[Model] = [
        Worker.objects.create(cluster=uuid7(), host="app-1", pid=7),
        Tick.objects.create(name="sends"),
        ModelOutage.objects.create(provider="openai", since=now, tried_at=now, why="It does not answer."),
        RateWindow.objects.create(key="ghl:x", stamps=[1.0]),
        Group.objects.create(name="Own mix"),
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(user.pk),
            object_repr="x",
            action_flag=ADDITION,
        ),
        AccessAttempt.objects.create(username="a", ip_address="192.0.2.1", failures_since_start=1),
        AccessLog.objects.create(username="a", ip_address="192.0.2.1"),
        AccessFailureLog.objects.create(username="a", ip_address="192.0.2.1"),
        Schedule.objects.create(name="own", func="f"),
        OrmQ.objects.create(key="k", payload="p"),
        Success.objects.get(pk="0" * 32),
        Failure.objects.get(pk=f"{1:032}"),
    ]
    return {type(row): row for row in rows}
