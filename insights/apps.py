"""The app of insights. At start it registers its pages, states, retention and checks with the other apps."""

from django.apps import AppConfig
from django.core.checks import register


class InsightsConfig(AppConfig):
    name = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox.leads import erasure
        from inbox.leads.merge import GIVES_WAY
        from inbox.pages.navigation import PAGES, Page
        from inbox.pages.state_marks import TABLES
        from insights import erasure as answers_about
        from insights import retention, system_checks
        from insights.models import ConversationInsight, PackThread
        from insights.pack_marks import PACKS, QUESTIONS, THREADS
        from jobs.retention import prunes

        PAGES.insert(0, Page("insights:overview", "Insights", "chart"))
        erasure.ALSO.append(answers_about.forget)
        erasure.LAST.append(PackThread)
        GIVES_WAY.extend([ConversationInsight, PackThread])
        TABLES.update({"pack": PACKS, "question": QUESTIONS, "thread": THREADS})
        prunes("context packs")(retention.old_builds)
        prunes("readings past their messages")(retention.past_messages)
        for check in system_checks.CHECKS:
            register(check, "wiring")
