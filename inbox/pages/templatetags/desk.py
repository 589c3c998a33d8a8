"""Template tags of the inbox, available in all templates: the chips of a row, and how long a lead has waited."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html, linebreaks
from django.utils.safestring import SafeString

from inbox.health import receipts
from inbox.leads import notes
from inbox.leads.tags import DRAFTED, NO_ANSWER, SAID
from inbox.models import Lead, Membership, OutboundSend, User, Workspace
from inbox.models.lead import Tag
from inbox.pages.state_marks import StateMark, state_of
from inbox.pages.team import Team, Teammate
from inbox.pages.templatetags.holdfast import ago_text, moment, render_chip, render_time, until
from jobs.durations import MINUTE_S, duration

register = template.Library()

SOON = timedelta(minutes=1)
HOT = StateMark("hot", "hot", "Hot")
CALLS_ME = StateMark("info", "lock", "You were mentioned")
GIVEN_TO_ME = StateMark("info", "user", "Assigned to you")
SAMPLE = StateMark("info", "info", "Sample")
PLAIN_TAGS = (Tag.NEW, Tag.NEUTRAL)
"""Tags that a row of the list does not show."""


@register.filter
def waits(moment: datetime) -> str:
    """Formats how long a lead has waited since `moment`: "8 min", "1 day 3 h"; "now" for less than a minute."""
    seconds = (timezone.now() - moment).total_seconds()
    return "now" if seconds < MINUTE_S else duration(seconds)


@register.simple_tag
def waits_since(lead: Lead) -> SafeString:
    """Renders how long is left until a promised answer is due, or else how long the lead has waited. The tone is a
    warning once the answer is overdue, or once members were notified that it is due soon.
    """
    if lead.is_promised and lead.answer_by and lead.answer_by > timezone.now():
        return render_time(lead.answer_by, f"{until(lead.answer_by)} left", "warn" if lead.warned_ids else "")
    since = waits(lead.last_inbound_at) if lead.last_inbound_at else "now"
    words = "wrote just now" if since == "now" else f"waiting {since}"
    return render_time(lead.last_inbound_at or timezone.now(), words, "warn" if lead.is_over else "")


@register.simple_tag
def waiting(lead: Lead) -> SafeString:
    """Renders the time of the last message or, for a lead with a promised or overdue answer, the same as `waits_since`;
    "" for a conversation without a message.
    """
    if lead.last_inbound_at and not lead.is_snoozed and (lead.is_over or lead.is_promised):
        return waits_since(lead)
    return (
        render_time(lead.last_message_at, ago_text(lead.last_message_at))
        if lead.last_message_at
        else SafeString("")
    )


@register.simple_tag(takes_context=True)
def who(context: dict[str, Any], user_id: int | None, user: User | None = None) -> SafeString:
    """Renders the initials of the conversation's assignee, with the name for screen readers; "" if nobody is assigned.

    `user` is the assignee, for a conversation that may belong to another workspace than the page.
    """
    if user_id is None:
        return SafeString("")
    viewer = context["user"].pk
    mate = Teammate(Membership(user=user), viewer) if user else context["shell"].team.of(user_id)
    if mate is None:
        return SafeString("")
    return format_html(
        '<span class="who" role="img" aria-label="Assigned to {0}" title="Assigned to {0}"{1}>{2}</span>',
        mate.name,
        SafeString(' data-tone="info"' if mate.is_you else ""),
        mate.initials,
    )


@register.simple_tag
def is_incomplete(workspace: Workspace) -> bool:
    """Whether rows in providers' lists of the last seven days are missing here, or a list was not compared lately."""
    gaps = [gap for account in receipts.lately(workspace).values() for gap in account.gaps]
    return any(gap.missing or gap.through for gap in gaps)  # accounts that were never compared do not count


@register.simple_tag
def said_tags() -> list[Tag]:
    """Returns the tags that a person can give to a reply: first those that need an answer, last those that don't."""
    return sorted(SAID, key=lambda tag: (tag in NO_ANSWER, tag not in DRAFTED))


@register.filter
def called(team: Team, user_id: int | None) -> str:
    """Returns how the page names a member: "You", the member's name, or that the member has left."""
    return team.name_of(user_id)


@register.filter
def sent_by(send: OutboundSend, user: User) -> bool:
    """Whether `user` may take the message `send` back: the user approved it, or nobody did."""
    return send.approved_by_id in (None, user.pk)


@register.filter
def noted(text: str, team: Team) -> SafeString:
    """Returns the HTML of a colleague's note, with the names of mentioned members in bold."""
    parts, at = [], 0
    for call in notes.calls(text, team.callable):
        if call.members:
            parts += [format_html("{}<b>{}</b>", text[at : call.start], text[call.start : call.end])]
            at = call.end
    return SafeString(linebreaks("".join([*parts, escape(text[at:])])))


@register.simple_tag
def row_chips(lead: Lead, folder: str = "", over_all: bool = False) -> list[SafeString]:
    """Returns at most two chips for a lead's row (inbox.leads.folders.with_badges). A chip that repeats what the list
    of `folder` already says is left out.

    The first chip marks a sample or a hot lead. The second says that the user was mentioned or is the assignee, or else
    shows the conversation's state, or else its tag. In a list `over_all` workspaces, times are in the zone of the
    lead's workspace.
    """
    is_hot = lead.is_hot and folder != "hot"
    hot = [render_chip(SAMPLE)] if lead.sample else [render_chip(HOT, solid=True)] if is_hot else []
    with timezone.override(
        ZoneInfo(lead.workspace.timezone) if over_all else timezone.get_current_timezone()
    ):
        state = _state(lead, folder)
    return [*hot, state] if state else hot


def _state(lead: Lead, folder: str) -> SafeString | None:
    for mark, name in ((CALLS_ME, "calls_me"), (GIVEN_TO_ME, "given_to_me")):
        if getattr(lead, name, False):
            return render_chip(mark)
    if lead.suspected:
        return render_chip(state_of("suspicion", lead.suspected))
    send = getattr(lead, "send_state", None)
    if send == "later" and lead.snoozed_until:
        return render_chip(StateMark("info", "clock", format_html("Goes out {}", moment(lead.snoozed_until))))
    if send and send != "sent":
        return render_chip(state_of("send", send))
    if lead.snoozed_until and lead.is_snoozed:
        return render_chip(StateMark("", "snooze", format_html("Until {}", moment(lead.snoozed_until))))
    if sends_at := getattr(lead, "sends_at", None):
        soon = sends_at - timezone.now() < SOON
        return render_chip(StateMark("info", "clock", f"Goes out in {until(sends_at)}"), solid=soon)
    if not lead.is_understood:
        return render_chip(StateMark("", "clock", "Not understood yet"))
    if getattr(lead, "has_draft", False) and not lead.is_answered and folder != "drafts":
        return render_chip(state_of("draft", "pending"))
    return None if lead.tag in PLAIN_TAGS else render_chip(state_of("tag", lead.tag))
