"""Template tags for all templates: icons, state chips, and times in the workspace's time zone."""

from datetime import datetime, timedelta
from functools import lru_cache, partial
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.health.sentences import age, why
from inbox.leads.folders import COUNT_LIMIT
from inbox.leads.triage import Seen
from inbox.models import Lead
from inbox.models.lead import Channel
from inbox.pages.state_marks import StateMark, state_of
from inbox.trace import decisions
from jobs import durations
from jobs.backlog import CAP
from jobs.display import counted
from jobs.durations import DAY_S, MINUTE_S, duration

register = template.Library()
NO_LEAD = UUID(int=0)

CHANNEL_ICONS: dict[str, str] = {
    Channel.EMAIL: "mail",
    Channel.SMS: "sms",
    Channel.LINKEDIN: "linkedin",
    Channel.ELSEWHERE: "plug",
}


register.filter("why", why)
register.filter("decision", decisions.in_words)
register.filter("day", durations.day)
register.filter("duration", duration)
register.filter("queued", partial(counted, cap=CAP))


@register.simple_tag
@lru_cache(1_000, typed=True)  # `typed` separates a SafeString from an equal str, which must be escaped
def icon(name: str, label: str = "") -> SafeString:
    """Renders an icon of static/icons.svg. Screen readers read `label`; without a label the icon is decorative."""
    use = format_html('<use href="{}#{}"/>', static("icons.svg"), name)
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}">{}</svg>', label, use)
    return format_html('<svg class="icon" aria-hidden="true">{}</svg>', use)


@register.simple_tag
@lru_cache
def channel_icon(channel: str) -> SafeString:
    """Renders the icon of a channel, with the channel's name for screen readers; "" for an unknown channel."""
    name = CHANNEL_ICONS.get(channel)
    return icon(name, Channel(channel).label) if name else SafeString("")


@register.filter
def conversation_url(lead: Lead) -> str:
    """Returns the address of the lead's conversation."""
    return _conversation_url(lead.workspace_id).replace(str(NO_LEAD), str(lead.pk))


@lru_cache(1_000)
def _conversation_url(workspace_id: UUID) -> str:
    return reverse("inbox:conversation", args=[workspace_id, NO_LEAD])


def render_chip(state: StateMark, word: str = "", *, solid: bool = False) -> SafeString:
    """Renders a state as a chip. `word` replaces the state's word. A `solid` chip marks what needs action now."""
    shape = "chip solid" if solid else "chip"
    return format_html(
        '<span class="{}" data-tone="{}">{} {}</span>',
        shape,
        state.tone,
        icon(state.icon),
        word or state.word,
    )


@register.simple_tag
def chip(table: str, name: str, word: str = "") -> SafeString:
    """Renders a state as a chip: `{% chip "send" send.state %}`. `table` is a key of inbox.pages.state_marks.TABLES."""
    return render_chip(state_of(table, name), word)


@register.simple_tag
def state(table: str, name: str, word: str = "") -> SafeString:
    """Renders a state as icon and word, without a box. `table` is a key of inbox.pages.state_marks.TABLES."""
    mark = state_of(table, name)
    return format_html(
        '<span class="state" data-tone="{}">{} {}</span>', mark.tone, icon(mark.icon), word or mark.word
    )


def render_time(at: datetime, text: str, tone: str = "") -> SafeString:
    """Renders the time `at` as `text`. The tooltip shows the exact time in the workspace's zone."""
    local = timezone.localtime(at)
    full = f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"
    toned = format_html(' data-tone="{}"', tone) if tone else ""
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>', local.isoformat(timespec="seconds"), full, toned, text
    )


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    return render_time(at, ago_text(at)) if at else SafeString("")


def ago_text(at: datetime) -> str:
    """Formats how long ago `at` was: "now", "8 min", "1 h 30 min"; from one day on "Mon", "20 Nov" or "20 Nov 2025"."""
    local, now = timezone.localtime(at), timezone.localtime()
    seconds = (now - local).total_seconds()
    if seconds < MINUTE_S:
        return "now"
    if seconds < DAY_S:
        return duration(seconds)
    days = (now.date() - local.date()).days
    return format_date(local, "D" if days < 7 else "j M" if local.year == now.year else "j M Y")


@register.filter
def ms(milliseconds: float) -> str:
    """Formats a duration in milliseconds: "34 ms", "9.4 s", "16 min"."""
    return duration(milliseconds / 1_000)


@register.filter
def lasting(start: datetime, end: datetime) -> str:
    """Formats the time from `start` to `end`: "9.4 s", "16 min"."""
    return duration((end - start).total_seconds())


@register.filter
def class_name(path: str) -> str:
    """Returns the name of a class without its modules: "ProviderRejected"."""
    return path.rpartition(".")[2]


@register.filter
def until(at: datetime) -> str:
    """Formats the time until `at`, at least one minute: "4 min", "1 h 30 min", "2 days"; "now" if it has passed."""
    seconds = (at - timezone.now()).total_seconds()
    return duration(max(seconds, MINUTE_S)) if seconds > 0 else "now"


@register.filter
def countdown(at: datetime) -> str:
    """Formats the minutes and seconds until `at` as "0:07"."""
    seconds = max(0, round((at - timezone.now()).total_seconds()))
    return f"{seconds // MINUTE_S}:{seconds % MINUTE_S:02}"


@register.simple_tag
def since(start: datetime | None) -> SafeString:
    """Renders when something began and how long ago: "09:14, 3 h ago" for today, else "20 Nov, 09:14, 4 days ago"."""
    if not start:
        return SafeString("")
    local, seconds = timezone.localtime(start), (timezone.now() - start).total_seconds()
    at = format_date(local, "H:i" if local.date() == timezone.localdate() else "j M, H:i")
    return render_time(start, f"{at}, {age(seconds)}")


@register.simple_tag
def aged(at: datetime | None) -> SafeString:
    """Renders how long ago `at` was, in words: "3 h ago", "4 days ago"."""
    return render_time(at, age((timezone.now() - at).total_seconds())) if at else SafeString("")


@register.simple_tag
def clock(at: datetime | None) -> SafeString:
    """Renders the time of day of `at`: "14:05"."""
    return render_time(at, format_date(timezone.localtime(at), "H:i")) if at else SafeString("")


@register.simple_tag
def second(at: datetime) -> SafeString:
    """Renders the time of day of `at` with seconds: "14:05:09"."""
    return render_time(at, format_date(timezone.localtime(at), "H:i:s"))


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """Renders the day and time of `at`: "20 Nov, 14:05"."""
    return render_time(at, durations.moment(at)) if at else SafeString("")


@register.filter
def day_name(at: datetime) -> str:
    """Formats a heading for the day of `at`: "Today, Tue 24 Nov", "Yesterday, …", "Tue 17 Nov", "Tue 17 Nov 2025"."""
    local, today = timezone.localdate(at), timezone.localdate()
    names = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}
    return names.get(local, "") + durations.day(local)


@register.filter
def capped(count: int, limit: int = COUNT_LIMIT) -> str:
    """Formats `count` exactly up to `limit`, and a higher count as "999+"."""
    return f"{limit}+" if count > limit else str(count)


@register.filter
def snapshot(lead: Lead) -> str:
    """Returns the lead's id and the time of its newest reply (inbox.leads.triage.Seen) as the value of a form field."""
    return str(Seen.of(lead))
