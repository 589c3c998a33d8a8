"""The actions of users and ticks on context packs, which `insights.pack_building` builds."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.models import Campaign, User, Workspace, audit
from insights.models import ContextPack, ConversationInsight, PackQuestion
from jobs import actions, lanes
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

logger = logging.getLogger(__name__)
Status = ContextPack.Status
BUILD = kind_name("insights.build_pack", __name__)
ANSWER = kind_name("insights.answer_question", __name__)
GONE = "One of this pack’s campaigns has been deleted. Choose again."


class CampaignGone(ValueError):
    """The user has chosen a campaign that no longer exists. The exception's message is a sentence for users."""


class TokenUsed(ValueError):
    """A form's `client_token` was already used for a question about another context pack."""


def request(
    workspace: Workspace,
    user: User | None,
    *,
    question: str,
    window: str,
    campaigns: Sequence[Campaign] = (),
    custom: tuple[datetime, datetime] | None = None,
    keep_fresh: bool = False,
) -> tuple[ContextPack, bool]:
    """Creates a context pack and its job. Returns (pack, True), or (pack, False) if an equal pack is already being
    built.

    `custom` holds the start and the end (aware) of the window CUSTOM. Without `campaigns`, the pack reads the
    conversations of all campaigns. `user` is None if the product itself requests the pack. Raises CampaignGone.
    """
    now = timezone.now()
    since, until = custom or (now - ContextPack.SPANS[ContextPack.Window(window)], now)
    scope = [" ".join(question.lower().split()), window, *sorted(str(campaign.pk) for campaign in campaigns)]
    scope += [moment.isoformat() for moment in custom or ()]
    key = hashlib.sha256("\0".join(scope).encode()).hexdigest()
    series = ContextPack.objects.filter(workspace=workspace, scope_key=key)
    fields = {
        "workspace": workspace,
        "created_by": user,
        "question": question,
        "window": window,
        "window_from": since,
        "window_to": until,
        "scope_key": key,
        "keep_fresh": keep_fresh,
    }
    try:
        return _create(series, campaigns, **fields), True
    except IntegrityError as refused:
        if under_way := series.filter(status__in=ContextPack.UNDER_WAY).order_by("-id").first():
            return under_way, False
        ids = [campaign.pk for campaign in campaigns]
        if Campaign.objects.filter(workspace=workspace, pk__in=ids).count() < len(ids):
            raise CampaignGone(GONE) from refused
    return _create(series, campaigns, **fields), True  # the running build has ended in the meantime


def _create(series: QuerySet[ContextPack], campaigns: Sequence[Campaign], **fields: Any) -> ContextPack:
    with transaction.atomic():
        previous = series.filter(status=Status.COMPLETE).order_by("-id").first()
        pack = ContextPack.objects.create(**fields, previous=previous)
        pack.campaigns.set(campaigns)
        start(pack)
        audit.record(pack.workspace_id, pack.created_by, "pack.requested", pack, window=pack.window)
    return pack


def build_again(pack: ContextPack, user: User | None) -> tuple[ContextPack, bool]:
    """Requests a new build of `pack`, as `request` does. The window ends now, unless a user chose its days."""
    custom = (pack.window_from, pack.window_to) if pack.window == ContextPack.Window.CUSTOM else None
    return request(
        pack.workspace,
        user,
        question=pack.question,
        window=pack.window,
        campaigns=list(pack.campaigns.all()),
        custom=custom,
        keep_fresh=pack.keep_fresh,
    )


def start(pack: ContextPack) -> bool:
    """Enqueues the job that builds the context pack. Returns False if the job already exists. A context pack that no
    user requested is built in the lane `bulk`.
    """
    return enqueue_about(BUILD, pack, "pack_id", lane=None if pack.created_by_id else lanes.BULK)[1]


def stop(pack: ContextPack, user: User) -> bool:
    """Marks the build of a context pack as failed and cancels its job on behalf of `user`. Returns False if the build
    has ended.
    """
    with transaction.atomic():
        if not fail(pack.pk, f"Stopped by {user}."):
            return False
        job = jobs_of([pack]).get(pack.pk)
        if job is not None:
            actions.cancel([job.pk], workspace_id=pack.workspace_id, actor=user)
        audit.record(pack.workspace_id, user, "pack.stopped", pack)
    return True


def fail(pack_id: UUID, reason: str) -> bool:
    """Marks a build as failed because of `reason`, a sentence that is cut to fit. The build's readings stay. Returns
    False if the build had already ended.
    """
    under_way = ContextPack.objects.filter(pk=pack_id, status__in=ContextPack.UNDER_WAY)
    failed = under_way.update(status=Status.FAILED, error=reason[:300], finished_at=Now()) == 1
    if failed:
        logger.warning("pack failed", extra={"pack_id": str(pack_id)})
    return failed


def jobs_of(packs: Sequence[ContextPack]) -> dict[UUID, BackgroundJob]:
    """Returns the jobs that build these context packs, by the pack's id, without payload and result."""
    keys = {f"{BUILD}:{pack.pk}": pack.pk for pack in packs}
    jobs = BackgroundJob.objects.filter(
        tenant__in={pack.workspace_id for pack in packs}, dedupe_key__in=keys
    ).defer("payload", "result")
    return {keys[job.dedupe_key]: job for job in jobs}


def ask(pack: ContextPack, user: User, text: str, client_token: UUID) -> PackQuestion:
    """Stores a follow-up question about a context pack and enqueues its job. A second call with the same `client_token`
    returns the first question. Raises TokenUsed if the first question is about another pack.
    """
    try:
        with transaction.atomic():
            question = PackQuestion.objects.create(
                workspace_id=pack.workspace_id,
                pack=pack,
                asked_by=user,
                text=text,
                client_token=client_token,
            )
            enqueue_about(ANSWER, question, "question_id")
            audit.record(pack.workspace_id, user, "pack.asked", question, pack=str(pack.pk))
            return question
    except IntegrityError as refused:
        row = PackQuestion.objects.filter(client_token=client_token).first()
        if row is None:
            raise
        if row.pack_id != pack.pk:
            raise TokenUsed from refused
        return row


@dataclass(frozen=True)
class Difference:
    """The differences between two builds of a context pack. `outcomes` is a list of (label, number before, number now),
    for the numbers that differ.
    """

    new_threads: int
    gone_threads: int
    outcomes: list[tuple[str, int, int]]
    new_claims: list[str]
    gone_claims: list[str]


def difference(before: ContextPack, now: ContextPack) -> Difference:
    """Compares two complete builds of a context pack. Claims with the same words, except case and spaces, are equal."""
    old, new = (set(pack.threads.values_list("lead_id", flat=True)) for pack in (before, now))
    old_claims, new_claims = _claims_of(before), _claims_of(now)
    return Difference(
        new_threads=len(new - old),
        gone_threads=len(old - new),
        outcomes=[
            (label, was, is_)
            for name, label in ConversationInsight.Outcome.choices
            if (was := before.metrics.get(name, 0)) != (is_ := now.metrics.get(name, 0))
        ],
        new_claims=[text for key, text in new_claims.items() if key not in old_claims],
        gone_claims=[text for key, text in old_claims.items() if key not in new_claims],
    )


def _claims_of(pack: ContextPack) -> dict[str, str]:
    claims = (pack.synthesis or {}).get("claims", [])
    return {" ".join(claim["text"].lower().split()): claim["text"] for claim in claims}
