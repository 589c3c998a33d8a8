"""The tags every template has (a builtin library): icons, state chips, and times in the workspace's zone."""

from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.health.wording import why
from inbox.models import Lead
from inbox.models.lead import Channel
from inbox.states import State, state_of
from inbox.triage import Seen

register = template.Library()

CHANNEL_ICONS = {Channel.EMAIL: "mail", Channel.SMS: "sms", Channel.LINKEDIN: "linkedin"}
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


register.filter("why", why)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One icon of the sprite; with `label` it is read out, without it is decoration."""
    use = format_html('<use href="{}#{}"/>', static("icons.svg"), name)
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}">{}</svg>', label, use)
    return format_html('<svg class="icon" aria-hidden="true">{}</svg>', use)


@register.simple_tag
def channel_icon(channel: str) -> SafeString:
    """The icon of a channel with its name as text alternative; nothing for an unknown one."""
    name = CHANNEL_ICONS.get(channel)
    return icon(name, Channel(channel).label) if name else SafeString("")


def render_chip(state: State, word: str = "") -> SafeString:
    return format_html(
        '<span class="chip" data-tone="{}">{} {}</span>', state.tone, icon(state.icon), word or state.word
    )


@register.simple_tag
def chip(table: str, value: str, word: str = "") -> SafeString:
    """A state of inbox.states as a chip: `{% chip "send" send.state %}`; `word` replaces the table's word."""
    return render_chip(state_of(table, value), word)


@register.simple_tag
def state(table: str, value: str, word: str = "") -> SafeString:
    """The same as `chip`, without a box."""
    found = state_of(table, value)
    return format_html(
        '<span class="state" data-tone="{}">{} {}</span>', found.tone, icon(found.icon), word or found.word
    )


def _time(value: datetime, text: str) -> SafeString:
    local = timezone.localtime(value)
    full = format_date(local, "D j M Y, H:i T")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), full, text
    )


@register.simple_tag
def ago(value: datetime | None) -> SafeString:
    """How long ago, in few letters; the exact time in the workspace's zone is in the title."""
    return _time(value, ago_text(value)) if value else SafeString("")


def ago_text(value: datetime) -> str:
    """`value` as an age: "now", "8 min", "3 h", then the day as "Mon", "20 Nov" or "20 Nov 2025"."""
    local, now = timezone.localtime(value), timezone.localtime()
    seconds = (now - local).total_seconds()
    if seconds < MINUTE_S:
        return "now"
    if seconds < HOUR_S:
        return f"{int(seconds // MINUTE_S)} min"
    if seconds < DAY_S:
        return f"{int(seconds // HOUR_S)} h"
    days = (now.date() - local.date()).days
    return format_date(local, "D" if days < 7 else "j M" if local.year == now.year else "j M Y")


@register.filter
def until(value: datetime) -> str:
    """How long until `value`, in few letters: "now", "4 min", "3 h", "2 days"."""
    seconds = (value - timezone.now()).total_seconds()
    if seconds < MINUTE_S:
        return "now" if seconds <= 0 else "1 min"
    if seconds < HOUR_S:
        return f"{int(seconds // MINUTE_S)} min"
    return f"{int(seconds // HOUR_S)} h" if seconds < 2 * DAY_S else f"{int(seconds // DAY_S)} days"


@register.simple_tag
def since(value: datetime | None) -> SafeString:
    """When something began, and how long ago: "09:14, 3 h ago" today, "20 Nov, 09:14, 4 days ago" before."""
    if not value:
        return SafeString("")
    local, seconds = timezone.localtime(value), (timezone.now() - value).total_seconds()
    at = format_date(local, "H:i" if local.date() == timezone.localdate() else "j M, H:i")
    return _time(value, f"{at}, {age(seconds)}")


def age(seconds: float) -> str:
    """A span that has passed: "just now", "8 min ago", "3 h ago", "4 days ago"."""
    if seconds < MINUTE_S:
        return "just now"
    if seconds < HOUR_S:
        return f"{int(seconds // MINUTE_S)} min ago"
    return f"{int(seconds // HOUR_S)} h ago" if seconds < 2 * DAY_S else f"{int(seconds // DAY_S)} days ago"


@register.simple_tag
def aged(value: datetime | None) -> SafeString:
    """How long ago it was, in words: "3 h ago", "4 days ago"; the exact time is in the title."""
    return _time(value, age((timezone.now() - value).total_seconds())) if value else SafeString("")


@register.simple_tag
def clock(value: datetime | None) -> SafeString:
    """The time of day, in the workspace's zone."""
    return _time(value, format_date(timezone.localtime(value), "H:i")) if value else SafeString("")


@register.simple_tag
def moment(value: datetime | None) -> SafeString:
    """Day and time, in the workspace's zone; the year only where it is another one."""
    if not value:
        return SafeString("")
    local = timezone.localtime(value)
    return _time(
        value, format_date(local, "j M, H:i" if local.year == timezone.localtime().year else "j M Y, H:i")
    )


@register.filter
def day_name(value: datetime) -> str:
    """A heading for the day of `value`: "Today, Tue 24 Nov", "Yesterday, …", "Tue 17 Nov", with the year if needed."""
    local, today = timezone.localtime(value), timezone.localdate()
    text = format_date(local, "D j M" if local.year == today.year else "D j M Y")
    if local.date() == today:
        return f"Today, {text}"
    return f"Yesterday, {text}" if local.date() == today - timedelta(days=1) else text


@register.filter
def capped(count: int, limit: int = 99) -> str:
    """A count for people: exact up to `limit`, then "99+"."""
    return f"{limit}+" if count > limit else str(count)


@register.filter
def seen(lead: Lead) -> str:
    """The lead as this page shows it, for a form that decides about it (inbox.triage)."""
    return str(Seen.of(lead))
