"""Deletes messages with their drafts and sends at the end of their workspace's retention period.

The lead keeps its opt-out, bounce and booking. A message stays while it is suspected, or while its answer is on its
way.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from inbox.intake.retention import per_workspace
from inbox.models import FollowUpTask, Lead, LeadLabel, Message, Note, OutboundSend
from inbox.models.message import OWN

ENDED = (OutboundSend.State.SENT, OutboundSend.State.FAILED, OutboundSend.State.TAKEN_BACK)
UNDECIDED = ~Q(suspected="") & Q(suspicion_decided_by="")


def of(workspace_id: UUID, keep_days: int) -> "QuerySet[Message]":
    """The messages of a workspace that arrived more than `keep_days` days ago and may be deleted."""
    return Message.objects.filter(
        ~UNDECIDED, workspace_id=workspace_id, received_at__lt=Now() - timedelta(days=keep_days)
    )


def _old_messages(workspace_id: UUID | None, keep_days: int) -> "QuerySet[Message]":
    assert workspace_id is not None  # each message has a workspace, and `of_none` is None
    return of(workspace_id, keep_days)


def _old_notes(workspace_id: UUID | None, keep_days: int) -> "QuerySet[Note]":
    return Note.objects.filter(workspace=workspace_id, created_at__lt=Now() - timedelta(days=keep_days))


def _delete(pks: list[Any]) -> int:
    with transaction.atomic():
        rows = Message.objects.filter(pk__in=pks)
        live = OutboundSend.objects.filter(reply_to__in=pks).exclude(state__in=ENDED)
        going = list(
            rows.exclude(pk__in=live.values("reply_to")).values_list("pk", "lead", "source", "external_id")
        )
        message_ids = [pk for pk, *_ in going]
        ours = [UUID(external_id) for _, _, source, external_id in going if source == OWN]
        sends = OutboundSend.objects.filter(Q(reply_to__in=message_ids) | Q(pk__in=ours), state__in=ENDED)
        sent = list(sends.values_list("pk", flat=True))
        FollowUpTask.objects.filter(send__in=sent).update(subject="", text="", offered=[])
        OutboundSend.objects.filter(pk__in=sent).only("pk").delete()
        Message.objects.filter(pk__in=message_ids).only("pk").delete()
        silent = Lead.objects.filter(
            ~Exists(Message.objects.filter(lead=OuterRef("pk"))), pk__in={lead for _, lead, *_ in going}
        )
        LeadLabel.objects.filter(lead__in=silent.values("pk")).exclude(reason="").update(reason="")
        silent.update(last_snippet="", suspected_words="")
    return len(message_ids)


old_messages = per_workspace(
    _old_messages, by="received_at", column="keep_messages_days", of_none=None, delete=_delete
)
"""Deletes messages after their workspace's retention period, with finished sends that answer or created them."""
old_notes = per_workspace(_old_notes, by="created_at", column="keep_messages_days", of_none=None)
"""Deletes notes that are older than the workspace's retention period of messages, because notes refer to messages."""
