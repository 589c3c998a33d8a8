"""Template filters that format costs and durations."""

from django import template

from insights.views.overview import answer_time

register = template.Library()
register.filter("duration", answer_time)


@register.filter
def dollars(microusd: int) -> str:
    """Formats millionths of a dollar, such as "$0.42". An amount below one cent gets four decimals."""
    amount = microusd / 1_000_000
    return f"${amount:.2f}" if amount >= 0.01 or not microusd else f"${amount:.4f}"
