"""A pack's life as people and ticks see it: asked for, built again, stopped, given up. `building` does the work."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from inbox import audit
from inbox.models import Campaign, User, Workspace
from insights.models import ContextPack, PackQuestion
from jobs import actions
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob
from jobs.registry import kind_name

logger = logging.getLogger(__name__)
Status = ContextPack.Status
BUILD = kind_name("insights.build_pack", __name__)
ANSWER = kind_name("insights.answer_question", __name__)


def build_key(pack_id: UUID) -> str:
    """The dedupe key of a pack's one job: that there is one job per pack is what keeps builders apart."""
    return f"{BUILD}:{pack_id}"


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
    """Have a pack built; (pack, whether this call made it). Asked for twice at once, it is built once.

    `custom` is (from, to) for the window CUSTOM.
    """
    until = timezone.now()
    if custom is None:
        since = until - ContextPack.SPANS[ContextPack.Window(window)]
    else:
        since, until = custom
    key = _scope_key(question, window, campaigns, custom)
    series = ContextPack.objects.filter(workspace=workspace, scope_key=key)
    try:
        with transaction.atomic():
            pack = ContextPack.objects.create(
                workspace=workspace,
                created_by=user,
                question=question,
                window=window,
                window_from=since,
                window_to=until,
                scope_key=key,
                keep_fresh=keep_fresh,
                previous=series.filter(status=Status.COMPLETE).order_by("-id").first(),
            )
            pack.campaigns.set(campaigns)
            start(pack)
            audit.record(workspace.pk, user, "pack.requested", pack, window=window)
    except IntegrityError:
        return series.filter(status__in=ContextPack.UNDER_WAY).latest("id"), False
    return pack, True


def build_again(pack: ContextPack, user: User | None) -> tuple[ContextPack, bool]:
    """A new build with the question, window and campaigns of `pack`, up to now."""
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
    """Have the pack's job: True where it was missing."""
    _, created = enqueue(
        BUILD,
        workspace_id=pack.workspace_id,
        dedupe_key=build_key(pack.pk),
        payload={"pack_id": str(pack.pk)},
    )
    return created


def stop(pack: ContextPack, user: User) -> bool:
    """Stop a build. False where it was over already."""
    with transaction.atomic():
        if not fail(pack.pk, f"Stopped by {user}."):
            return False
        job = jobs_of([pack]).get(pack.pk)
        if job is not None:
            actions.cancel([job.pk], workspace_id=pack.workspace_id, actor=user)
        audit.record(pack.workspace_id, user, "pack.stopped", pack)
    return True


def fail(pack_id: UUID, reason: str) -> bool:
    """End a build that is under way as failed; `reason` is a sentence for people. What was read stays read."""
    under_way = ContextPack.objects.filter(pk=pack_id, status__in=ContextPack.UNDER_WAY)
    failed = under_way.update(status=Status.FAILED, error=reason[:300], finished_at=Now()) == 1
    if failed:
        logger.warning("pack failed", extra={"pack_id": str(pack_id)})
    return failed


def jobs_of(packs: Sequence[ContextPack]) -> dict[UUID, BackgroundJob]:
    """The jobs that build these packs, by pack, in one query; a pack that was not started has none."""
    keys = {build_key(pack.pk): pack.pk for pack in packs}
    jobs = BackgroundJob.objects.filter(
        tenant__in={pack.workspace_id for pack in packs}, dedupe_key__in=keys
    ).defer("payload", "result")
    return {keys[job.dedupe_key]: job for job in jobs}


def ask(pack: ContextPack, user: User, text: str, client_token: UUID) -> PackQuestion:
    """Have a question answered from the pack's readings. The same `client_token` asks once."""
    try:
        with transaction.atomic():
            question = PackQuestion.objects.create(
                workspace_id=pack.workspace_id,
                pack=pack,
                asked_by=user,
                text=text,
                client_token=client_token,
            )
            enqueue(
                ANSWER,
                workspace_id=pack.workspace_id,
                dedupe_key=f"{ANSWER}:{question.pk}",
                payload={"question_id": str(question.pk)},
            )
            audit.record(pack.workspace_id, user, "pack.asked", question, pack=str(pack.pk))
            return question
    except IntegrityError:
        return PackQuestion.objects.get(client_token=client_token, pack=pack)


def _scope_key(
    question: str, window: str, campaigns: Sequence[Campaign], custom: tuple[datetime, datetime] | None
) -> str:
    parts = [" ".join(question.lower().split()), window, *sorted(str(campaign.pk) for campaign in campaigns)]
    parts += [moment.isoformat() for moment in custom or ()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
