"""Checks that insights has registered its additions with the other apps, without which the server does not start.

`inbox.system_checks` checks TICKS and PRUNED together with its own constants, to which insights/apps.py adds them.
"""

from django.core.checks import CheckMessage, Error, register

from inbox.leads import merge
from inbox.pages import navigation, state_marks
from insights.models import ConversationInsight, LeadDay, PackThread

TICKS = {
    "insights/context-packs": "packs are no longer built",
    "insights/booked-summaries": "booked conversations are not read",
    "insights/lead-days": "the overview is counted from all messages, which takes seconds",
}
PRUNED = {
    "insights.ContextPack": ("context packs",),
    "insights.PackThread": ("context packs",),
    "insights.PackQuestion": ("context packs",),
    "insights.ConversationInsight": ("readings past their messages",),
}
STATES = ("pack", "question", "thread")
GIVES_WAY = (ConversationInsight, LeadDay, PackThread)
APPS = "Add it in insights/apps.py."


@register("wiring")
def check_additions(**_kwargs: object) -> list[CheckMessage]:
    """Checks that the menu has the insights page, that pages can show the states of packs, conversations and questions,
    and that two leads with rows of insights can be merged.
    """
    pages = {page.url_name for page in navigation.PAGES}
    problems = [] if "insights:overview" in pages else ["The menu lacks the page insights:overview."]
    problems += [
        f"The inbox can’t show a “{entry}” state." for entry in STATES if entry not in state_marks.TABLES
    ]
    problems += [
        f"Two leads that both have a {entry._meta.label} cannot be merged."
        for entry in GIVES_WAY
        if entry not in merge.GIVES_WAY
    ]
    return [Error(entry, hint=APPS, id="insights.E001") for entry in problems]
