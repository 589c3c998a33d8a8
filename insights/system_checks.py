"""Checks that insights has registered its additions with the other apps. If not, the server does not start."""

from django.apps import apps
from django.core.checks import CheckMessage, Error

from inbox.leads import merge
from inbox.pages import navigation, state_marks
from insights.models import ConversationInsight, PackThread
from jobs import retention, ticks

TICKS = {
    "insights/context-packs": "packs are never built again",
    "insights/booked-summaries": "booked conversations are never read",
}
PRUNED = {
    "insights.ContextPack": ("context packs",),
    "insights.PackThread": ("context packs",),
    "insights.PackQuestion": ("context packs",),
    "insights.ConversationInsight": ("readings past their messages",),
}
KEPT: dict[str, str] = {}
STATES = ("pack", "question", "thread")
GIVES_WAY = (ConversationInsight, PackThread)
APPS = "Add it in insights/apps.py."


def check_additions(**_kwargs: object) -> list[CheckMessage]:
    """Checks its page, the states of its rows, and how its rows are handled when two leads are merged."""
    pages = {page.url_name for page in navigation.PAGES}
    problems = [] if "insights:overview" in pages else ["The page insights:overview is in no menu."]
    problems += [
        f"The inbox shows no state of a “{entry}”." for entry in STATES if entry not in state_marks.TABLES
    ]
    problems += [
        f"Two leads that both have a {entry._meta.label} cannot be merged."
        for entry in GIVES_WAY
        if entry not in merge.GIVES_WAY
    ]
    return [Error(entry, hint=APPS, id="insights.E001") for entry in problems]


def check_ticks(**_kwargs: object) -> list[CheckMessage]:
    """Checks that exactly the ticks in TICKS are registered."""
    hint = "Register it with tick in insights/jobs.py."
    errors: list[CheckMessage] = [
        Error(f"The tick “{name}” is missing: {lost}.", hint=hint, id="insights.E002")
        for name, lost in TICKS.items()
        if name not in ticks.TICKS
    ]
    hint = "Say in TICKS of insights/system_checks.py what happens without it."
    return errors + [
        Error(f"The tick “{name}” runs, and nothing says why.", hint=hint, id="insights.E003")
        for name, spec in ticks.TICKS.items()
        if name not in TICKS and spec.run.__module__.startswith("insights.")
    ]


def check_retention(**_kwargs: object) -> list[CheckMessage]:
    """Checks that old rows of every table of insights are deleted, or that there is a reason to keep them."""
    ours = [model._meta.label for model in apps.get_app_config("insights").get_models()]
    return [
        Error(problem, hint=hint, id="insights.E004")
        for problem, hint in retention.gaps(
            ours, PRUNED, KEPT, "insights/system_checks.py", "insights/apps.py"
        )
    ]


CHECKS = (check_additions, check_ticks, check_retention)
"""All checks, which InsightsConfig registers."""
