"""The Django app of insights: statistics of conversations, and answers to questions about them. At start, the app
registers its pages, states, retention and checks with the other apps.
"""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        from inbox import system_checks as wiring_checks
        from inbox.leads import erasure
        from inbox.leads.merge import GIVES_WAY
        from inbox.pages.navigation import PAGES, Page
        from inbox.pages.state_marks import TABLES
        from insights import erasure as answers_about
        from insights import retention, system_checks
        from insights.models import ConversationInsight, LeadDay, PackThread
        from insights.pack_marks import PACKS, QUESTIONS, THREADS
        from jobs.retention import prunes

        PAGES.insert(0, Page("insights:overview", "Insights", "chart"))
        erasure.ALSO.append(answers_about.forget)
        erasure.LAST.extend([PackThread, LeadDay])
        GIVES_WAY.extend([ConversationInsight, LeadDay, PackThread])
        TABLES.update({"pack": PACKS, "question": QUESTIONS, "thread": THREADS})
        prunes("context packs")(retention.old_builds)
        prunes("readings past their messages")(retention.past_messages)
        wiring_checks.TICKS.update(system_checks.TICKS)
        wiring_checks.PRUNED.update(system_checks.PRUNED)
