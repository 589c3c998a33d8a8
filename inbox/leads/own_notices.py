"""Enqueues delayed checks whether a member has seen their news. A member who has not seen it is notified by mail; only
`inbox.pages.account.notice_mails` knows how.
"""

import time
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from inbox.models import Lead, Membership
from jobs.enqueue import JobSpec, enqueue_many
from jobs.kinds import kind_name

LOOK = kind_name("notice.look", __name__)
MOST = 3
"""For up to this number of conversations at a time, a member gets a mail about each; for more, one mail about all."""
TOGETHER_S = 300
"""Events of a conversation within this time share one check. Members can choose no shorter delay."""


def expect(workspace_id: UUID, members: Q, leads: Collection[UUID], *, urgent: bool = False) -> int:
    """For the `members` (a filter) who want mails, enqueues checks whether they have seen `leads`. Returns the number
    of new checks. Must be called in the transaction of the event. An `urgent` check is due at once; any other, after
    the minutes that the member has chosen.
    """
    wanting = Membership.objects.filter(
        members, workspace_id=workspace_id, mail_after_min__isnull=False, user__is_active=True
    ).exclude(tell_about=Membership.TellAbout.NOTHING)
    about = [str(lead) for lead in leads] if len(leads) <= MOST else [""]
    slot, now = int(time.time() // TOGETHER_S), timezone.now()
    specs = [
        JobSpec(
            f"{LOOK}:{key}:{lead or 'many'}:{slot}{':urgent' * urgent}",
            workspace_id,
            {"membership_id": key, "lead_id": lead} | ({"urgent": True} if urgent else {}),
            now + timedelta(minutes=0 if urgent else minutes or 0),
        )
        for key, minutes in wanting.values_list("pk", "mail_after_min")
        for lead in about
    ]
    return len(enqueue_many(LOOK, specs)) if specs else 0


def expect_hot(lead: Lead) -> int:
    """Enqueues a check whether this hot lead was seen: by its owner or, without one, by the members who want to be
    notified of unassigned leads.
    """
    if lead.sample:
        return 0
    now = Lead.objects.filter(workspace_id=lead.workspace_id, pk=lead.pk)
    owner = now.values_list(
        "assigned_to", flat=True
    ).first()  # the pipeline's instance may be older than the assignment
    if owner is not None:
        return expect(lead.workspace_id, Q(user=owner), [lead.pk])
    all_of_them = Q(tell_about=Membership.TellAbout.ALL) & ~Q(role=Membership.Role.VIEWER)
    return expect(lead.workspace_id, all_of_them, [lead.pk])
