"""The tick `followups`: records the outcomes of sends, pauses or resumes follow-ups when their accounts break or
recover, and claims due steps, with workspaces taking turns. It calls no provider. A step runs once, because its task is
unique and its job is named after the task's attempt. The tick skips rows that another tick has locked.
"""

import logging
import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from inbox.followups import groups, plan, step_job
from inbox.followups.conditions import Case, ConditionKind, Decision, account_down, held_by_suspicion
from inbox.models import ChannelRefusal, FollowUpInstance, FollowUpTask, Lead, OutboundSend
from inbox.replying import carrier_messages, slots
from integrations.errors import SAYING
from integrations.ghl.errors import STATES
from integrations.unipile.errors import GROUPS, Group
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many, is_live

logger = logging.getLogger(__name__)

BATCH = 500
"""The maximum number of steps per transaction. Steps are selected once per tick, because that scans all due ones."""
PER_TICK = 2_000
Status = FollowUpTask.Status
State = OutboundSend.State
REFUSALS = STATES | {code for code, group in GROUPS.items() if group is Group.RECIPIENT}
"""The error codes of providers for a lead who cannot be reached. They concern the lead, not the account."""
RECHECK = timedelta(days=30)
STRANDED_AFTER = timedelta(minutes=10)
SETTLED_AT_ONCE = 50


def run(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `followups`, which moves follow-ups on. Returns counts by outcome, and by outcome and workspace
    (`sent:<id>`). If a part fails, its exception is raised after the other parts have run. Each part gets half of the
    time left before `deadline`; the last part gets all of it.
    """
    counts: Counter[str] = Counter()
    failures: list[Exception] = []
    for part in (groups.reconcile, settle, strand, take_up):
        share = 1 if part is take_up else 2
        try:
            counts.update(part(deadline.within_ms(deadline.remaining_ms() / share)))
        except Exception as error:
            logger.exception("part of the follow-ups tick failed", extra={"part": part.__name__})
            failures.append(error)
    if failures:
        raise failures[0]
    counts["workspaces"] = sum(name.startswith("claimed:") for name in counts)
    return dict(counts)


def take_up(deadline: Deadline) -> Counter[str]:
    """Claims up to PER_TICK due steps. Returns how many, also by workspace, and how many due steps are `left`."""
    counts: Counter[str] = Counter(claimed=0)
    instance_ids = _due(PER_TICK)
    for at in range(0, len(instance_ids), BATCH):
        if deadline.expired:
            break
        claimed = claim(instance_ids[at : at + BATCH])
        counts["claimed"] += len(claimed)
        counts.update(f"claimed:{task.workspace_id}" for task in claimed)
    counts["left"] = due().count() if len(instance_ids) == PER_TICK or deadline.expired else 0
    return counts


def due() -> QuerySet[FollowUpInstance]:
    """Returns running follow-ups whose next step is due, unless a switch or an undecided suspicion holds them back."""
    return FollowUpInstance.objects.exclude(held_by_suspicion()).filter(
        status=FollowUpInstance.Status.ACTIVE,
        due_at__lte=timezone.now(),
        sequence__enabled=True,
        workspace__sends_paused=False,
    )


def _due(size: int) -> list[Any]:
    turn = Window(RowNumber(), partition_by=F("workspace_id"), order_by=[F("due_at"), F("pk")])
    rows = due().annotate(turn=turn).filter(turn__lte=size).order_by("turn", "due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:size])


@transaction.atomic
def claim(instance_ids: list[Any]) -> list[FollowUpTask]:
    """Claims the next steps of those follow-ups that are due and that no one has locked, and enqueues their jobs."""
    locked = due().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=instance_ids)
    instances = list(locked.select_related("next_step").order_by("pk"))
    now = timezone.now()
    planned = [(instance, instance.next_step) for instance in instances if instance.next_step is not None]
    new = [
        FollowUpTask(instance=instance, **plan.task_fields(instance, step, now)) for instance, step in planned
    ]
    FollowUpTask.objects.bulk_create(new, ignore_conflicts=True)
    wanted = FollowUpTask.objects.filter(
        instance__in=[instance for instance, _ in planned],
        step_id=F("instance__next_step_id"),
        status=Status.WAITING,
    )
    ids = list(wanted.values_list("pk", flat=True))
    FollowUpTask.objects.filter(pk__in=ids).update(
        status=Status.CLAIMED, attempt=F("attempt") + 1, claimed_at=now, reason="", send=None
    )
    FollowUpInstance.objects.filter(pk__in=[instance.pk for instance, _ in planned]).update(
        due_at=None, waits_for=""
    )
    tasks = list(FollowUpTask.objects.filter(pk__in=ids))
    enqueue_many(step_job.STEP, [step_job.spec(task) for task in tasks])
    return tasks


def settle(deadline: Deadline) -> Counter[str]:
    """Records the outcomes of up to PER_TICK sends of steps, and plans the next steps. Returns counts by outcome, and
    by outcome and workspace. A batch that fails is repeated step by step, so that a defect affects only one step; the
    exception is raised at the end.
    """
    counts: Counter[str] = Counter()
    failures: list[Exception] = []
    ended = FollowUpTask.objects.filter(status=Status.SENDING, send__state__in=[State.SENT, State.FAILED])
    pairs = list(ended.order_by("claimed_at").values_list("pk", "lead_id")[:PER_TICK])
    batches = deque(pairs[at : at + SETTLED_AT_ONCE] for at in range(0, len(pairs), SETTLED_AT_ONCE))
    while batches and not deadline.expired:
        batch = batches.popleft()
        try:
            counts.update(_settle_all(ended, batch, deadline))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if len(batch) == 1:
                logger.exception("follow-up not settled", extra={"task_id": str(batch[0][0])})
                failures.append(error)
            batches.extend([pair] for pair in batch if len(batch) > 1)
    if failures:
        raise failures[0]
    return counts


def _settle_all(ended: QuerySet[Any], batch: list[tuple[Any, ...]], deadline: Deadline) -> Counter[str]:
    counts: Counter[str] = Counter()
    with transaction.atomic():
        for task, lead in _free_tasks(ended, *zip(*batch, strict=True)):
            if deadline.expired:
                break
            outcome = _settle_one(task, lead)
            counts.update((outcome, f"{outcome}:{task.workspace_id}"))
    return counts


def _free_tasks(
    ended: QuerySet[Any], task_ids: tuple[Any, ...], lead_ids: tuple[Any, ...]
) -> Iterator[tuple[FollowUpTask, Lead]]:
    """Locks leads, follow-ups and tasks in this order, and yields the locked tasks. Rows that another process has
    locked are left to the next run, so no deadlock can occur.
    """
    leads = Lead.objects.select_for_update(skip_locked=True).in_bulk(lead_ids)
    own_instances = FollowUpInstance.objects.filter(tasks__in=task_ids, lead__in=leads)
    instances = own_instances.select_for_update(skip_locked=True, of=("self",)).in_bulk()
    tasks = ended.filter(pk__in=task_ids, lead__in=leads, instance__in=instances)
    related = tasks.select_related("step__sequence", "workspace", "send")
    for task in related.select_for_update(skip_locked=True, of=("self",)):
        task.instance = instances[task.instance_id]
        yield task, leads[task.lead_id]


def _settle_one(task: FollowUpTask, lead: Lead) -> str:
    """Records the outcome of a task whose send has ended. Returns the outcome. The rows must be locked."""
    send = task.send
    assert send is not None  # only tasks with a finished send are settled
    ended_at = send.finished_at or timezone.now()
    if send.state == State.FAILED and not _refusal(send):
        held = _held(Case(task.instance, task.step, lead, task.workspace, timezone.now()), send)
        if held and task.instance.status in FollowUpInstance.LIVE:
            task.send = None
            step_job.apply(task, held)
            return "held"
    if send.state == State.SENT:
        outcome, reason = Status.SENT, ""
    elif code := _refusal(send):
        _remember(task, code)
        outcome, reason = Status.SKIPPED, f"This lead can’t be reached on this channel ({code})."
    else:
        outcome, reason = Status.FAILED, send.reason
    task.write(status=outcome, reason=reason[:200], finished_at=ended_at)
    plan.go_on(task.instance, task.step, ended_at)
    return str(outcome)


def _held(case: Case, send: OutboundSend) -> Decision | None:
    """Returns the decision to wait or pause before a failed send is tried again; None if it is not tried again."""
    if send.reason == slots.GONE:
        return Decision(ConditionKind.WAIT, "The offered times are being updated.", case.now)
    if carrier_messages.ELSEWHERE in send.reason:
        return Decision(ConditionKind.PAUSE, send.reason, pause=FollowUpInstance.Pause.PERSON)
    return account_down(case)


def _refusal(send: OutboundSend) -> str:
    said_by_us = send.reason.partition(SAYING)[0]
    return next(iter(sorted(set(re.findall(r"\w+", said_by_us)) & REFUSALS)), "")


def _remember(task: FollowUpTask, code: str) -> None:
    now = timezone.now()
    ChannelRefusal.objects.update_or_create(
        lead_id=task.lead_id,
        channel=task.channel,
        defaults={
            "workspace_id": task.workspace_id,
            "code": code,
            "since": now,
            "recheck_at": now + RECHECK,
        },
    )


def strand(deadline: Deadline) -> Counter[str]:
    """Fails steps that were claimed over 10 minutes ago and have no unfinished job, and pauses their follow-ups."""
    counts: Counter[str] = Counter()
    old = FollowUpTask.objects.filter(
        status=Status.CLAIMED, claimed_at__lt=timezone.now() - STRANDED_AFTER
    ).order_by("claimed_at")
    for task in old.select_related("lead")[:PER_TICK]:
        if deadline.expired:
            break
        if not is_live(task.workspace_id, step_job.spec(task).dedupe_key):
            with transaction.atomic():
                counts["stranded"] += _fail(task)
    return counts


def _fail(stale: FollowUpTask) -> int:
    task, _ = step_job.locked(stale)
    if task.status != Status.CLAIMED or task.attempt != stale.attempt:
        return 0
    reason = "The step failed on our side. See its job for the reason."
    task.write(status=Status.FAILED, reason=reason, finished_at=timezone.now())
    if task.instance.status == FollowUpInstance.Status.ACTIVE:
        plan.pause(task.instance, FollowUpInstance.Pause.ERROR)
    return 1
