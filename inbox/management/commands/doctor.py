"""The command `doctor`: checks whether this installation works, and names the remedy of each fault."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django_q.brokers import get_broker
from redis.exceptions import RedisError

from inbox.health import account_tests, notice_mail
from inbox.models import DatabaseOrigin, User, Workspace
from inbox.pipeline import rejudging
from inbox.replying import lost_time
from inbox.understanding.rules import RULES_VERSION
from inbox.webhooks import contract_watch, replay
from inbox.workspaces import accounts
from inbox.workspaces.accounts import slack_of
from integrations import oidc, registry
from integrations.destinations import base_url
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health.checks import BAD, WARN, Check
from integrations.health.probes import UNREADABLE, UNREADABLE_FIX
from integrations.mail import is_off
from integrations.models import TROUBLED, Integration, WebhookKey, WorkspaceIntegrationHealth
from integrations.openai import client as openai
from integrations.slack import NAME as SLACK
from jobs import backlog, schema_version, stalls, stats
from jobs.db import fetch
from jobs.deadline import Deadline
from jobs.display import counted, with_noun
from jobs.errors import DeadlineExceeded
from jobs.failures import database_facts

PROBE_MS = 5_000
CONNECT_S = 5
STATEMENT_S = 30
"""The time limits, in seconds, of a connection (unless DATABASE_URL has one) and of each statement."""
FAULTS = (
    (
        r"28P01|28000|authentication|no such user|pg_hba",
        "it rejects this user or password",
        "Correct both in DATABASE_URL. With PgBouncer, its auth_file and the database must match.",
    ),
    (
        r"3D000|database .* does not exist|no such database",
        "it has no database with this name",
        "Correct the name in DATABASE_URL, or create the database: deploy/postgres/roles.sql.",
    ),
    (r"42501", "this user lacks permissions", "Run deploy/postgres/roles.sql again, as a superuser."),
    (
        r"resolve|translate host",
        "its host can’t be found",
        "Correct the host in DATABASE_URL, or the name server.",
    ),
    (
        r"server_login_retry|server login|connect failed",
        "PgBouncer responds, but can’t connect to PostgreSQL",
        "Start PostgreSQL, or correct pgbouncer.ini. PgBouncer’s log says which.",
    ),
    (
        r"Connection refused|No such file",
        "it refuses connections",
        "Start PostgreSQL, and PgBouncer if you use it, or correct host and port in DATABASE_URL.",
    ),
    (
        r"57014|timeout|did not answer",
        "it accepts connections but doesn’t respond",
        "It’s frozen, or its disk hangs: ps shows state T or D. With PgBouncer, all connections may be in "
        "use.",
    ),
    (r"57P0|starting up|shutting down", "it’s starting or stopping", "Wait, then check PostgreSQL’s log."),
    (r"53300|too many", "it has no connections left", "Raise max_connections, or use PgBouncer."),
    (r"53100|No space", "its disk is full", "Free up space on PostgreSQL’s disk. You don’t need to restart."),
)
"""The messages of PostgreSQL, PgBouncer and libpq about a database that does not work: a pattern of the SQLSTATE or,
for a refused connection, of the text; then its meaning and the remedy.
"""


WANTED = {
    "CRON_SECRET": "Set it if your platform’s cron calls /api/cron/.",
    "OPENAI_API_KEY": "Set it. Without a model, replies get no drafts, and only rules tag them.",
    "PUBLIC_URL": "Set it. Links in notices need it.",
    "METRICS_TOKEN": "Set it to scrape /metrics.",
}
"""Recommended settings with their reasons."""


class Finding(NamedTuple):
    """The result of one check. `ok`: None for a note that is not a fault. `fix` is the remedy for the finding."""

    ok: bool | None
    subject: str
    words: str
    fix: str = ""


class Command(BaseCommand):
    help = "Check configuration, database, queue and providers. Exit code 1 if something is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-providers", action="store_true", help="Don’t call any provider.")

    def handle(self, **options: Any) -> None:
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", CONNECT_S)
        with stalls.limit(STATEMENT_S):
            broken = self._report(providers=not options["no_providers"])
        if broken:
            raise CommandError(f"{with_noun(broken, 'problem')} to fix.")
        self.stdout.write("No problems found.")

    def _report(self, *, providers: bool) -> int:
        broken = 0
        for finding in examine(providers=providers):
            mark = {True: "ok  ", False: "FAIL", None: "note"}[finding.ok]
            self.stdout.write(f"{mark}  {finding.subject}: {finding.words}")
            if finding.fix and finding.ok is not True:
                self.stdout.write(f"      → {finding.fix}")
            broken += finding.ok is False
        return broken


def examine(*, providers: bool = True) -> Iterator[Finding]:
    """Yields each finding. If the database or its schema is broken, whatever needs the database is not checked.
    `providers`: whether the providers are called too, to check the accounts.
    """
    yield from _configuration()
    yield from _broker()
    try:
        for finding in (_schema(), _writable()):
            yield finding
            if finding.ok is False:
                return
        for check in (*OF_DATABASE, *(OF_PROVIDERS if providers else (_disconnected,))):
            yield from check()
    except DatabaseError as error:
        yield _fault(error)


def _fault(error: DatabaseError) -> Finding:
    facts = database_facts(error)
    details = " ".join([*facts.values()] or str(error).split())
    for pattern, words, fix in FAULTS:
        if re.search(pattern, details):
            return Finding(False, "database", f"{words} ({details})", fix)
    return Finding(False, "database", f"{type(error).__name__} ({details})", "Check PostgreSQL’s log.")


def _writable() -> Finding:
    if fetch("SHOW transaction_read_only") == [("off",)]:
        return Finding(True, "database", "reads and writes work")
    fix = "Name the primary in DATABASE_URL. A managed server with a full disk is read-only until you free space."
    return Finding(False, "database", "it’s read-only: a replica, or configured that way", fix)


def _tried(subject: str, call: Callable[[], object], words: str, fix: str, failure: str) -> Finding:
    """Returns the finding about a call to another machine: `words` if it succeeds, else `failure` with the error."""
    try:
        call()
    except (RedisError, ProviderError, ProviderMisconfigured, oidc.LoginRefused, DeadlineExceeded) as error:
        return Finding(False, subject, failure.format(kind=type(error).__name__, error=error), fix)
    return Finding(True, subject, words)


def _broker() -> Iterator[Finding]:
    if settings.Q_BROKER_URL:
        fix = "Start Redis, or correct Q_BROKER_URL. Until then, jobs start up to a second later."
        failure = "Redis doesn’t respond ({kind}: {error})"
        yield _tried("Q_BROKER_URL", get_broker().ping, "Redis responds", fix, failure)


def _configuration() -> Iterator[Finding]:
    yield Finding(True, "release", settings.VERSION)
    issues = checks.run_checks(include_deployment_checks=not settings.DEBUG)
    problems = [issue for issue in issues if issue.level >= checks.WARNING]
    for issue in problems:
        yield Finding(False, f"check {issue.id}", str(issue.msg), str(issue.hint or ""))
    if not problems:
        yield Finding(True, "configuration", "all checks pass")
    yield from _settings()


def _settings() -> Iterator[Finding]:
    for name, fix in WANTED.items():
        if not getattr(settings, name):
            yield Finding(None, name, "not set", fix)
    if settings.PUBLIC_URL.startswith("http://") and not settings.DEBUG:
        fix = (
            "Set it to the https:// address. Links in emails and notices start with it, and logging in "
            "requires https."
        )
        yield Finding(False, "PUBLIC_URL", "it starts with http://", fix)
    if settings.METRICS_TOKEN and not settings.METRICS_DIR:
        words = "not set, so each scrape shows the counters of one web process, and never those of workers"
        yield Finding(
            False, "PROMETHEUS_MULTIPROC_DIR", words, "Set it to a directory shared by web and workers."
        )
    if settings.UNIPILE_API_KEY and not settings.UNIPILE_DSN:
        fix = "Set it to your Unipile address. UNIPILE_API_KEY is only sent there."
        yield Finding(False, "UNIPILE_DSN", "not set", fix)
    if not (settings.DEBUG or settings.TRUSTED_PROXY):
        words = "not set, so without a proxy, each slow client blocks a thread for 15 s"
        yield Finding(None, "TRUSTED_PROXY", words, "Put nginx in front (deploy/nginx) and set it to 1.")
    if is_off():
        yield Finding(
            None,
            "EMAIL_URL",
            "not set",
            "Set it. Invitations and password links go by email, and so do notices when Slack is broken.",
        )


def _addresses() -> Iterator[Finding]:
    """Finds connected accounts without an address to call: neither their own, nor one that the operator set for all."""
    for account in Integration.objects.filter(enabled=True).select_related("workspace"):
        if registry.spec_of(account.provider).base_url and account.has_secrets and not base_url(account):
            fix = "Run manage.py connect_integration with --set base_url=…, or set EMAILBISON_BASE_URL or UNIPILE_DSN."
            yield Finding(False, f"{account.workspace}, {account}", "it has no address to call", fix)


def _schema() -> Finding:
    if refusal := schema_version.refusal():
        return Finding(False, "schema", "this release can’t migrate it", refusal)
    if missing := schema_version.missing():
        fix = "Run manage.py migrate, then run this again for the remaining checks."
        return Finding(False, "schema", f"{len(missing)} migrations are missing", fix)
    if unknown := schema_version.unknown():
        number = with_noun(len(unknown), "migration")
        words = f"from a newer release. This release doesn’t have {number}, but still works"
        return Finding(None, "schema", words, "See docs/upgrading.md, Going back.")
    return Finding(True, "schema", "all migrations are applied")


def _compiling() -> Iterator[Finding]:
    """Checks that PostgreSQL does not compile statements just in time, which takes seconds instead of milliseconds."""
    if fetch("SELECT pg_jit_available()") == [(True,)]:
        fix = (
            "ALTER DATABASE … SET jit = off, as deploy/postgres/roles.sql does; then restart web and workers."
        )
        yield Finding(False, "jit", "PostgreSQL compiles statements, which delays jobs by seconds", fix)


def _lanes() -> Iterator[Finding]:
    """Yields a finding for each lane: its oldest due job and the waits of the last day, beside its promise."""
    latest = sorted(stats.oldest_by_kind().items(), key=lambda waiting: -waiting[1])[:3]
    late = ", ".join(f"{kind} {oldest_s:.0f} s" for kind, oldest_s in latest)
    fix = f"Late: {late}. Check the Jobs page, then add WORKER_THREADS or hosts."
    for state in stats.lanes(None):
        words = f"{_waits(state.queue, state.waits)}; promised: {state.queue.lane.promise_s} s"
        yield Finding(not state.broken, f"lane {state.queue.lane.name}", words, fix if state.broken else "")


def _waits(queue: backlog.Backlog, times: stats.Timing | None) -> str:
    words = f"{counted(queue.due, backlog.CAP)} due"
    if queue.due:
        words += f", the oldest for {queue.oldest_s:.0f} s"
    if times:
        p50, p95 = times.wait_p50_ms / 1000, times.wait_p95_ms / 1000
        words += f"; waited in the last day: p50 {p50:.1f} s, p95 {p95:.1f} s"
    return words


def _queue() -> Iterator[Finding]:
    alive = stats.workers()
    if alive:
        yield Finding(True, "workers", f"{len(alive)} alive")
    else:
        yield Finding(False, "workers", "none is running", "Run: manage.py qcluster")
    yield from _lanes()
    missed = [tick.name for tick in stats.ticks() if tick.missed]
    if missed and alive:
        yield Finding(None, "schedules", f"missed: {', '.join(missed)}", "Check that the workers keep up.")


def _sends() -> Iterator[Finding]:
    """Checks that messages may go out. A restored database sends nothing until an operator permits sends."""
    origin = DatabaseOrigin.read()
    if why := lost_time.refusal(origin):
        yield Finding(False, "sends", f"on hold. {why}", lost_time.remedy(origin))
    else:
        yield Finding(True, "sends", "messages can go out")


def _rules() -> Iterator[Finding]:
    if names := [workspace.name for workspace in rejudging.behind()]:
        yield Finding(
            None,
            "rules",
            f"replies in {', '.join(names)} were tagged by rules older than {RULES_VERSION}, and keep their "
            "tags",
            "Run manage.py rejudge to see what would change, and add --apply to change it.",
        )


def _deliveries() -> Iterator[Finding]:
    failed = replay.unrepaired().count()
    words = f"{failed} failed on our side and need to be replayed" if failed else "none need repair"
    fix = "Fix the error in the log, then run manage.py replay_deliveries --verdict failed."
    yield Finding(not failed, "deliveries", words, fix)


def _contracts() -> Iterator[Finding]:
    for row in contract_watch.news().select_related("integration__workspace"):
        where = f"{row.integration.workspace}, {row.integration}" if row.integration else "no account"
        words = f"{row.get_kind_display().lower()} {row.name} isn’t in the contract ({row.count}×, {where})"
        yield Finding(None, row.source, words, f"Open delivery {row.example}, and report it.")


def _secrets() -> Iterator[Finding]:
    unreadable = 0
    for account in Integration.objects.filter(enabled=True).select_related("workspace"):
        if account.is_unreadable:
            unreadable += 1
            yield Finding(False, f"{account.workspace}, {account}", UNREADABLE, UNREADABLE_FIX)
    if not unreadable:
        yield Finding(True, "secrets", "all accounts’ secrets can be read")
    hidden = sum(key.is_unreadable for key in WebhookKey.objects.usable().filter(integration__enabled=True))
    if hidden:
        words = f"{hidden} can no longer be shown, but still work"
        yield Finding(None, "webhook addresses", words, "Rotate them on the Accounts page.")


def _model() -> Iterator[Finding]:
    if settings.OPENAI_API_KEY:
        fix = "Correct OPENAI_API_KEY and OPENAI_BASE_URL, or try again later."
        check = partial(openai.check, Deadline.after_ms(PROBE_MS))
        yield _tried("model", check, "The OpenAI key works.", fix, "{error}")


def _accounts() -> Iterator[Finding]:
    connected = 0
    for account in Integration.objects.filter(enabled=True).select_related("workspace"):
        if registry.spec_of(account.provider).is_connected_here and accounts.usable(account):
            connected += 1
            if not account.is_unreadable:  # unreadable secrets are reported already
                yield _verdict(f"{account.workspace}, {account}", account_tests.run(account))
    if not connected:
        yield Finding(None, "accounts", "none connected", "Run: manage.py connect_integration")


def _emergency() -> Iterator[Finding]:
    """Lists the accounts that can log in with a password under OIDC_ONLY. It is a fault if there are none."""
    if not settings.OIDC_ONLY:
        return
    users = User.objects.filter(emergency=True, is_active=True)
    emails = [user.email for user in users if user.has_usable_password()]
    fix = (
        "Run manage.py emergency_account ADDRESS, and set a password with its link. Without one, no one can "
        "log in when the company login fails."
    )
    yield Finding(bool(emails), "OIDC_ONLY", f"emergency accounts: {', '.join(emails) or 'none'}", fix)


def _issuer() -> Iterator[Finding]:
    if settings.OIDC_ISSUER:
        fix = "See docs/operations.md, Logging in by the company."
        read = partial(oidc.login_url, oidc.begin(""), "", Deadline.after_ms(PROBE_MS))
        yield _tried("OIDC_ISSUER", read, "its login configuration can be read", fix, "{kind}: {error}")


def _disconnected() -> Iterator[Finding]:
    """Yields the accounts whose stored health is troubled. Used when the accounts are not called."""
    troubled = WorkspaceIntegrationHealth.objects.filter(state__in=TROUBLED, integration__enabled=True)
    for health in troubled.select_related("integration__workspace"):
        account = health.integration
        words = f"{health.get_state_display()} since {health.since:%Y-%m-%d %H:%M} UTC"
        yield Finding(None, f"{account.workspace}, {account}", words, "Run doctor without --no-providers.")


def _notices() -> Iterator[Finding]:
    """Checks that somebody would learn of a broken account, by a working Slack account or by mail."""
    mail_trouble = notice_mail.trouble()
    connected = Integration.objects.filter(enabled=True).exclude(provider=SLACK)
    for workspace in Workspace.objects.filter(pk__in=connected.values("workspace"), drill_of=None):
        slack = WorkspaceIntegrationHealth.objects.filter(
            workspace=workspace, provider=SLACK, last_success_at__isnull=False
        ).exclude(state__in=TROUBLED)
        told_by = slack_of(workspace.pk)
        paths = ["Slack"] if told_by and not told_by.is_unreadable and slack.exists() else []
        paths += ["email"] if not mail_trouble and notice_mail.recipients(workspace) else []
        subject = f"{workspace}, notices"
        if paths:
            yield Finding(True, subject, f"notices about broken accounts go out by {' and '.join(paths)}")
        else:
            fix = "Connect Slack with a channel, or set EMAIL_URL and make sure an admin has an address."
            words = (
                "no one would be notified about a broken account: "
                f"{mail_trouble or 'no admin has an address'}"
            )
            yield Finding(False, subject, words, fix)


OF_DATABASE = (_compiling, _queue, _sends, _deliveries, _contracts, _rules, _secrets, _addresses, _emergency)
OF_PROVIDERS = (_issuer, _model, _accounts, _notices)


def _verdict(subject: str, lines: list[Check]) -> Finding:
    for tone, ok in ((BAD, False), (WARN, None)):
        if line := next((line for line in lines if line.tone == tone), None):
            return Finding(ok, subject, f"{line.label}: {line.said}", line.fix)
    return Finding(True, subject, "; ".join(line.label for line in lines).lower())
