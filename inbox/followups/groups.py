"""Pauses all follow-ups that depend on an account when the account breaks, and resumes them when it works again.
`on_change` does so at once, on the signal about the account's health. The tick does so again, in case the signal was
lost.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from inbox.followups import plan
from inbox.followups.conditions import is_down
from inbox.models import FollowUpInstance, Message
from inbox.workspaces import account_effects
from inbox.workspaces.accounts import connected
from integrations import registry
from integrations.models import HealthState, WorkspaceIntegrationHealth
from jobs.deadline import Deadline

Status = FollowUpInstance.Status


def on_change(sender: Any, health: WorkspaceIntegrationHealth, before: str, **kwargs: Any) -> None:
    """Pauses or resumes follow-ups when their account breaks or recovers. Receives the signal of changed health."""
    if health.provider not in _pausing() or HealthState.DISCONNECTED not in (before, health.state):
        return
    bring_in_line(health.workspace_id, health.provider)


def bring_in_line(workspace_id: UUID, provider: str) -> Counter[str]:
    """If the account at `provider` is down, pauses the follow-ups that need it; else resumes those paused for it."""
    account = connected(workspace_id, provider)
    counts: Counter[str] = Counter()
    own_instances = FollowUpInstance.objects.filter(workspace_id=workspace_id)
    if account is not None and is_down(account):
        counts["paused"] = _going_by(own_instances, provider).update(
            status=Status.PAUSED, paused_for=FollowUpInstance.pause_for(provider)
        )
    else:
        counts["resumed"] = plan.resumed(
            own_instances.filter(paused_for=FollowUpInstance.pause_for(provider)), by_person=False
        )
    return counts


def _pausing() -> tuple[str, ...]:
    return registry.stating("pauses_follow_ups")


def _going_by(instances: QuerySet[Any], provider: str) -> QuerySet[Any]:
    """Returns the follow-ups whose next step `provider` would send, judging by the lead's newest message."""
    spec = registry.spec_of(provider)
    inbound = Message.objects.inbound(lead=OuterRef("lead"), channel=spec.channel)
    own_sources = [source.name for source in spec.sources or ()]
    other_sources = [name for name in registry.message_sources() if name not in own_sources]
    waiting = instances.filter(status=Status.ACTIVE, due_at__isnull=False, next_step__channel=spec.channel)
    newest = Subquery(inbound.order_by("-sent_at", "-pk").values("source")[:1])
    sourced: QuerySet[Any] = waiting.annotate(newest_source=Coalesce(newest, Value("")))
    if spec.opens_channel:
        return sourced.exclude(newest_source__in=other_sources)
    return sourced.filter(newest_source__in=own_sources)


def reconcile(_deadline: Deadline) -> Counter[str]:
    """Pauses or resumes all follow-ups as their accounts require. Returns their numbers, also by workspace."""
    down = WorkspaceIntegrationHealth.objects.filter(
        state=HealthState.DISCONNECTED, provider__in=_pausing(), integration__enabled=True
    )
    provider_of = {FollowUpInstance.pause_for(provider): provider for provider in _pausing()}
    waiting = FollowUpInstance.objects.filter(status=Status.PAUSED, paused_for__in=list(provider_of))
    groups = set(down.values_list("workspace_id", "provider"))
    groups |= {
        (workspace_id, provider_of[reason])
        for workspace_id, reason in waiting.values_list("workspace_id", "paused_for").distinct()
    }
    counts: Counter[str] = Counter()
    for workspace_id, provider in sorted(groups):
        changed = bring_in_line(workspace_id, provider)
        counts.update(changed)
        counts.update({f"{name}:{workspace_id}": count for name, count in changed.items() if count})
    return counts


def paused_follow_ups(workspaces: Collection[UUID], channel: str) -> QuerySet[FollowUpInstance]:
    reasons = [
        FollowUpInstance.pause_for(provider)
        for provider in _pausing()
        if registry.spec_of(provider).channel == channel
    ]
    return FollowUpInstance.objects.filter(
        workspace_id__in=workspaces, status=Status.PAUSED, paused_for__in=reasons
    )


account_effects.COUNTERS.append(
    account_effects.Counter(paused_follow_ups, "follow-up is paused", "follow-ups are paused")
)
