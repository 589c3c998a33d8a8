"""manage.py doctor: is this installation well, and if not, what to do."""

from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from inbox import accounts, replay
from inbox.accounts import slack_of
from inbox.health import mailing, testing
from inbox.models import Workspace
from integrations.checks import BAD, WARN, Check
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.mail import is_off
from integrations.models import TROUBLED, Integration, WebhookKey, WorkspaceIntegrationHealth
from integrations.openai import client as openai
from integrations.probes import UNREADABLE, UNREADABLE_FIX
from integrations.slack import NAME as SLACK
from jobs import stats
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

DUE_LIMIT_S = 300
PROBE_MS = 5_000


class Finding(NamedTuple):
    """`ok` None: no fault, but worth knowing. `fix` says what to do."""

    ok: bool | None
    subject: str
    words: str
    fix: str = ""


class Command(BaseCommand):
    help = "Check configuration, database, queue and providers. Exit code 1 if something is broken."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--no-providers", action="store_true", help="Make no call to a provider.")

    def handle(self, **options) -> None:
        broken = 0
        for finding in examine(providers=not options["no_providers"]):
            mark = {True: "ok  ", False: "FAIL", None: "note"}[finding.ok]
            self.stdout.write(f"{mark}  {finding.subject}: {finding.words}")
            if finding.fix and finding.ok is not True:
                self.stdout.write(f"      → {finding.fix}")
            broken += finding.ok is False
        if broken:
            raise CommandError(f"{broken} thing{'' if broken == 1 else 's'} to mend.")
        self.stdout.write("All is well.")


def examine(*, providers: bool = True) -> Iterator[Finding]:
    """All findings, the database first: without it, and its schema, the rest cannot be known."""
    yield from _configuration()
    try:
        schema = _schema()
        yield schema
        if not schema.ok:
            return
        yield from _queue()
        yield _deliveries()
        yield from _secrets()
        if providers:
            yield from _model()
            yield from _accounts()
            yield from _notices()
    except DatabaseError as error:
        fix = "Start PostgreSQL, or correct DATABASE_URL."
        yield Finding(False, "database", f"out of reach ({type(error).__name__})", fix)


def _configuration() -> Iterator[Finding]:
    found = checks.run_checks(include_deployment_checks=not settings.DEBUG)
    problems = [issue for issue in found if issue.level >= checks.WARNING]
    for issue in problems:
        yield Finding(False, f"check {issue.id}", str(issue.msg), str(issue.hint or ""))
    if not problems:
        yield Finding(True, "configuration", "no check complains")
    wanted = {
        "CRON_SECRET": "Set it where a platform's cron calls /api/cron/.",
        "OPENAI_API_KEY": "Set it: without a model replies get no draft and keep the tag that rules can give.",
        "PUBLIC_URL": "Set it: links in notices need it.",
        "METRICS_TOKEN": "Set it to scrape /metrics.",
    }
    for name, fix in wanted.items():
        if not getattr(settings, name):
            yield Finding(None, name, "not set", fix)
    if settings.UNIPILE_API_KEY and not settings.UNIPILE_DSN:
        fix = "Set it to your address at Unipile: UNIPILE_API_KEY is sent there and nowhere else."
        yield Finding(False, "UNIPILE_DSN", "not set", fix)
    if is_off():
        yield Finding(
            None,
            "EMAIL_URL",
            "not set",
            "Set it: invitations and password links go by mail, and it is the second path where Slack is broken.",
        )


def _schema() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        fix = "Run: manage.py migrate; then this again, for what could not be looked at."
        return Finding(False, "schema", f"{len(plan)} migrations are missing", fix)
    return Finding(True, "schema", "all migrations are applied")


def _queue() -> Iterator[Finding]:
    alive = stats.workers(None)
    if alive:
        yield Finding(True, "workers", f"{len(alive)} alive")
    else:
        yield Finding(False, "workers", "none is alive", "Run: manage.py qcluster")
    oldest_s = stats.oldest_due_age_s(None)
    late = oldest_s > DUE_LIMIT_S
    yield Finding(
        not late, "queue", f"the oldest due job waits {oldest_s:.0f} s", "Look at the Jobs page; add workers."
    )
    missed = [tick.name for tick in stats.ticks() if tick.missed]
    if missed and alive:
        yield Finding(
            None, "schedules", f"missed: {', '.join(missed)}", "They run within two of their periods."
        )


def _deliveries() -> Finding:
    """A webhook that failed on our side was acknowledged: nobody but us will see to it."""
    failed = replay.unrepaired().count()
    if not failed:
        return Finding(True, "deliveries", "none waits for a repair")
    fix = "Mend what the log names, then run manage.py replay_deliveries --verdict failed."
    return Finding(False, "deliveries", f"{failed} failed on our side and wait for a replay", fix)


def _secrets() -> Iterator[Finding]:
    """What is stored encrypted can be read with this process's keys."""
    unreadable = 0
    for account in Integration.objects.filter(enabled=True).select_related("workspace"):
        if account.is_unreadable:
            unreadable += 1
            yield Finding(False, f"{account.workspace}, {account}", UNREADABLE, UNREADABLE_FIX)
    if not unreadable:
        yield Finding(True, "secrets", "those of all accounts can be read")
    hidden = sum(key.is_unreadable for key in WebhookKey.objects.usable().filter(integration__enabled=True))
    if hidden:
        words = f"{hidden} cannot be shown any more; they go on to work"
        yield Finding(None, "webhook addresses", words, "Rotate them on the Integrations page.")


def _model() -> Iterator[Finding]:
    if not settings.OPENAI_API_KEY:
        return
    try:
        openai.check(Deadline.after_ms(PROBE_MS))
    except (ProviderError, ProviderMisconfigured, DeadlineExceeded) as error:
        yield Finding(
            False, "model", str(error), "Correct OPENAI_API_KEY and OPENAI_BASE_URL, or try again later."
        )
    else:
        yield Finding(True, "model", "OpenAI answered: the key works.")


def _accounts() -> Iterator[Finding]:
    """Each connected account's own test, as behind the button of its card."""
    found = 0
    for account in Integration.objects.filter(enabled=True).select_related("workspace"):
        if accounts.usable(account):
            found += 1
            if not account.is_unreadable:  # told already
                yield _verdict(f"{account.workspace}, {account}", testing.run(account))
    if not found:
        yield Finding(None, "accounts", "none is connected", "Run: manage.py connect_integration")


def _notices() -> Iterator[Finding]:
    """Whether somebody would be told of a broken account: by a Slack that has worked, or by a mail server that
    answers."""
    mail_works = mailing.answers()
    connected = Integration.objects.filter(enabled=True).exclude(provider=SLACK)
    for workspace in Workspace.objects.filter(pk__in=connected.values("workspace"), drill_of=None):
        slack = WorkspaceIntegrationHealth.objects.filter(
            workspace=workspace, provider=SLACK, last_success_at__isnull=False
        ).exclude(state__in=TROUBLED)
        told_by = slack_of(workspace.pk)
        paths = ["Slack"] if told_by and not told_by.is_unreadable and slack.exists() else []
        paths += ["e-mail"] if mail_works and mailing.recipients(workspace) else []
        subject = f"{workspace}, notices"
        if paths:
            yield Finding(True, subject, f"a broken account is told by {' and '.join(paths)}")
        else:
            fix = "Connect Slack with a channel, or set EMAIL_URL and give an admin an address."
            yield Finding(False, subject, "nobody would be told of a broken account", fix)


def _verdict(subject: str, lines: list[Check]) -> Finding:
    """The worst line of a test."""
    for tone, ok in ((BAD, False), (WARN, None)):
        if line := next((line for line in lines if line.tone == tone), None):
            return Finding(ok, subject, f"{line.label}: {line.said}", line.fix)
    return Finding(True, subject, "; ".join(line.label for line in lines).lower())
