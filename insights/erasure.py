"""Removes statements that are based on an erased person from the answers of context packs."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inbox.models import Lead, Message
from insights.models import ContextPack, PackQuestion
from jobs.errors import Snooze

GONE = "Someone in these conversations was erased, so this answer was deleted too. Rebuild the pack."
WAIT = timedelta(minutes=1)


def forget(lead: Lead) -> None:
    """Removes what is based on `lead` from the answers of packs: the claims that cite the lead's messages, and the
    whole text, which may name anybody. The function runs before and after the lead's messages are deleted. Raises
    Snooze while a model writes an answer from the lead's messages.
    """
    packs = ContextPack.objects.filter(workspace_id=lead.workspace_id, threads__lead=lead).distinct()
    questions = PackQuestion.objects.filter(pack__in=packs)
    if (
        packs.filter(status__in=ContextPack.UNDER_WAY).exists()
        or questions.filter(status=PackQuestion.Status.PENDING).exists()
    ):
        raise Snooze(timezone.now() + WAIT, "An answer that may use this lead is being written.")
    for pack in packs:
        ContextPack.objects.filter(pk=pack.pk).update(
            synthesis=_without(pack.synthesis, lead), early_answer=_without(pack.early_answer, lead)
        )
    for question in questions:
        PackQuestion.objects.filter(pk=question.pk).update(answer=_without(question.answer, lead))


def _without(answer: dict[str, Any] | None, lead: Lead) -> dict[str, Any] | None:
    """Returns a stored answer without its text and without claims that cite a message of `lead` or a deleted one."""
    if answer is None:
        return None
    claims = answer.get("claims", [])
    cited = {str(pk) for claim in claims for pk in claim["message_ids"]}
    other_messages = Message.objects.filter(workspace_id=lead.workspace_id, pk__in=cited).exclude(lead=lead)
    stay = {str(pk) for pk in other_messages.values_list("pk", flat=True)}
    claims = [claim for claim in claims if stay.issuperset(map(str, claim["message_ids"]))]
    return answer | {"answer": GONE, "claims": claims, "recommended_tests": []}
