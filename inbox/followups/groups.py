"""Follow-ups that wait for an account pause as a group, and go on as a group when it works again.

The signal does it at once; the tick does it again, so that a signal lost with its process holds nobody up.
"""

from collections import Counter
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from inbox.accounts import connected
from inbox.followups import plan
from inbox.followups.conditions import is_down
from inbox.health import effects
from inbox.models import FollowUpInstance, Message
from integrations import registry
from integrations.models import HealthState, WorkspaceIntegrationHealth
from jobs.deadline import Deadline

Status = FollowUpInstance.Status


def on_change(sender, health: WorkspaceIntegrationHealth, before: str, **kwargs) -> None:
    """Pause or resume the workspace's follow-ups over this account's channel."""
    if health.provider not in _pausing() or HealthState.DISCONNECTED not in (before, health.state):
        return
    bring_in_line(health.workspace_id, health.provider)


def bring_in_line(workspace_id: UUID, provider: str) -> Counter[str]:
    """Let the group be paused where the account in use is down, and running where it is not."""
    account, counts = connected(workspace_id, provider), Counter()
    mine = FollowUpInstance.objects.filter(workspace_id=workspace_id)
    if account is not None and is_down(account):
        counts["paused"] = _going_by(mine, provider).update(
            status=Status.PAUSED, paused_for=FollowUpInstance.pause_for(provider)
        )
    else:
        counts["resumed"] = plan.resumed(
            mine.filter(paused_for=FollowUpInstance.pause_for(provider)), by_person=False
        )
    return counts


def _pausing() -> tuple[str, ...]:
    return registry.stating("pauses_follow_ups")


def _going_by(mine: QuerySet, provider: str) -> QuerySet:
    """Those of `mine` that wait for a step which `provider` would carry: where a lead's mail came by another provider,
    so does ours."""
    spec = registry.spec_of(provider)
    inbound = Message.objects.filter(
        lead=OuterRef("lead"), channel=spec.channel, direction=Message.Direction.INBOUND
    )
    own = [source.name for source in spec.sources or ()]
    others = [name for name in registry.message_sources() if name not in own]
    waiting = mine.filter(status=Status.ACTIVE, due_at__isnull=False, next_step__channel=spec.channel)
    newest = Subquery(inbound.order_by("-sent_at", "-pk").values("source")[:1])
    found = waiting.annotate(newest_source=Coalesce(newest, Value("")))
    if spec.opens_channel:
        return found.exclude(newest_source__in=others)
    return found.filter(newest_source__in=own)


def reconcile(_deadline: Deadline) -> Counter[str]:
    """What the signals have missed, over all workspaces."""
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


def paused_follow_ups(workspace_id: UUID, channel: str) -> effects.Effect:
    """What an account that is down holds up here, for the banner."""
    reasons = [
        FollowUpInstance.pause_for(provider)
        for provider in _pausing()
        if registry.spec_of(provider).channel == channel
    ]
    count = FollowUpInstance.objects.filter(
        workspace_id=workspace_id, status=Status.PAUSED, paused_for__in=reasons
    ).count()
    return effects.Effect(count, "follow-up is paused", "follow-ups are paused")


effects.COUNTERS.append(paused_follow_ups)
