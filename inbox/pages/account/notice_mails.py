"""Mails members the news that they have not seen, once they have been away for the minutes that they chose.

A mail names the lead and links to the conversation, but contains nothing that anybody wrote. At most one mail an hour
goes out for each conversation, because the hour is part of the job's key.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from inbox.leads import for_you
from inbox.leads.for_you import ForYou
from inbox.models import Membership
from inbox.pages.desk import presence
from inbox.workspaces import people
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.errors import Snooze
from jobs.kinds import kind_name

MAIL = kind_name("notice.own", __name__)
WINDOW = timedelta(hours=24)
"""News that is older than this is no longer mailed."""
HOUR = timedelta(hours=1)
WORDS = {
    for_you.DUE: "The answer promised to {} is due soon.",
    for_you.CALLED: "A colleague mentioned you in a note on the conversation with {}.",
    for_you.GIVEN: "The conversation with {} was assigned to you.",
    for_you.HOT: "A hot reply from {} needs an answer.",
}


def look(ctx: JobContext) -> dict[str, str]:
    """Runs the job `notice.look`, which enqueues a mail if the member has news that they have not seen.

    The mail is about one conversation, or about all news. The job waits until the member has been away for the minutes
    that they chose. If a mail already went out in this hour, the job waits for the next hour.
    """
    member = _member(ctx)
    if member is None or not _unseen(ctx, member):
        return {"skipped": "The member has seen this or doesn’t want emails."}
    now, last_visit = timezone.now(), presence.last_there(member.user_id)
    away = last_visit + timedelta(minutes=member.mail_after_min or 0) if last_visit else now
    if away > now:
        raise Snooze(away, "The member is using the inbox.")
    about = "urgent-" * ("urgent" in ctx.payload) + (ctx.payload["lead_id"] or "many")
    _, is_new = enqueue(
        MAIL,
        workspace_id=ctx.workspace_id,
        dedupe_key=f"{MAIL}:{member.pk}:{about}:{_hour(now)}",
        payload=ctx.payload,
    )
    if not is_new:
        next_hour = now.replace(minute=0, second=0, microsecond=0) + HOUR
        raise Snooze(next_hour, "An email about this conversation went out within the last hour.")
    return {"mail": "enqueued"}


def mail(ctx: JobContext) -> dict[str, str]:
    """Runs the job `notice.own`, which mails the news. Raises TransientError if the mail server does not accept it."""
    member = _member(ctx)
    news = _unseen(ctx, member) if member else []
    if member is None or not news:
        return {"skipped": "The member has seen this or doesn’t want emails."}
    subject, text = letter(member, news)
    page = settings.PUBLIC_URL + reverse("account")
    headers = {"List-Unsubscribe": f"<{page}>", "Auto-Submitted": "auto-generated"}
    return people.send(subject, text, member.user.email, headers)


def letter(member: Membership, news: list[ForYou]) -> tuple[str, str]:
    """Returns the subject and the text of the mail about `news`, which must not be empty."""
    workspace, first = member.workspace, news[0]
    path = reverse("inbox:conversation", args=[workspace.pk, first.lead.pk])
    subject = f"{first.lead.display_name} in {workspace.name}"
    if len(news) > 1:
        path = reverse("inbox:list", args=[workspace.pk])
        if all(
            entry.why in (for_you.CALLED, for_you.GIVEN) for entry in news
        ):  # the folder "For you" lists these
            path += "?view=mentions"
        subject = f"{len(news)} conversations in {workspace.name}"
    lines = [WORDS[entry.why].format(entry.lead.display_name) for entry in news]
    why = (
        f"You get these emails for {workspace.name}. Change that on your account page:\n"
        f"{settings.PUBLIC_URL}{reverse('account')}#notices\n"
    )
    return f"Holdfast: {subject}", "\n".join([*lines, "", settings.PUBLIC_URL + path, "", "--", why])


def _member(ctx: JobContext) -> Membership | None:
    rows = Membership.objects.filter(
        pk=ctx.payload["membership_id"],
        workspace_id=ctx.workspace_id,
        mail_after_min__isnull=False,
        user__is_active=True,
    )
    return rows.exclude(tell_about=Membership.TellAbout.NOTHING).select_related("user", "workspace").first()


def _unseen(ctx: JobContext, member: Membership) -> list[ForYou]:
    lead_id = ctx.payload["lead_id"]
    return for_you.news_for(member, timezone.now() - WINDOW, [lead_id] if lead_id else None)


def _hour(now: datetime) -> str:
    return f"{now:%Y%m%d%H}"
