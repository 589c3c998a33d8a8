"""All addresses of the admin, by every role, with ids of the person's own workspace and of another one.

The addresses come from the site itself, and what is expected from RULES. A class of the admin without a rule fails.
"""

from dataclasses import dataclass, field

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from admin import roles
from admin.scope import INSTALLATION
from inbox.models import Membership
from tests import factories, forms
from tests.admin.rows import REGISTERED, of_installation, of_workspace, url

ANONYMOUS, MEMBER, ADMIN, OWNER = "anonymous", "member", "workspace admin", "owner"
SUPPORT, OPERATOR, ROOT, ROOT_INSIDE = "support", "operator", "superuser", "superuser and member"
ROOTS = {ROOT, ROOT_INSIDE}
THEIRS = {ADMIN, OWNER}
"""Those who see one workspace."""
ALL = {SUPPORT, OPERATOR} | ROOTS
"""Those who see all workspaces."""
ACTORS = {ADMIN, OWNER, OPERATOR} | ROOTS


@dataclass(frozen=True)
class Rule:
    """Who may look, add, change and delete, and which actions who may take. By default everybody of the admin looks."""

    look: set[str] = field(default_factory=lambda: ALL | THEIRS)
    add: set[str] = field(default_factory=set)
    change: set[str] = field(default_factory=set)
    delete: set[str] = field(default_factory=set)
    actions: dict[str, set[str]] = field(default_factory=dict)


RECORD = Rule()
INSTALLATIONS = Rule(look=ALL)
OPERATED = OPERATOR, *ROOTS

RULES = {
    "auth.Group": Rule(look=ROOTS, add=ROOTS, change=ROOTS, delete=ROOTS),
    "inbox.User": Rule(add=ROOTS, change=ROOTS, delete=ROOTS),
    "inbox.Workspace": Rule(add=ROOTS, change=THEIRS | ROOTS, actions={"narrow": ALL | THEIRS}),
    "inbox.Membership": Rule(add=ROOTS, change=THEIRS | ROOTS, delete=THEIRS | ROOTS),
    "inbox.Lead": Rule(change=THEIRS | ROOTS),
    "integrations.Integration": Rule(change=THEIRS | ROOTS),
    "jobs.WorkspaceLimit": Rule(add=set(OPERATED), change=set(OPERATED), delete=set(OPERATED)),
    "jobs.BackgroundJob": Rule(actions=dict.fromkeys(("retry_now", "run_at", "cancel", "discard"), ACTORS)),
    "inbox.WebhookDelivery": Rule(actions={"replay_chosen": ACTORS}),
    "inbox.OutboundSend": Rule(actions={"went_out": ACTORS, "send_again": ACTORS}),
    "integrations.WorkspaceIntegrationHealth": Rule(actions={"check_now": ACTORS}),
    **dict.fromkeys(
        [
            "admin.LogEntry",
            "axes.AccessAttempt",
            "axes.AccessFailureLog",
            "axes.AccessLog",
            "django_q.Failure",
            "django_q.OrmQ",
            "django_q.Schedule",
            "django_q.Success",
            "inbox.ModelOutage",
            "integrations.RateWindow",
            "jobs.Tick",
            "jobs.Worker",
        ],
        INSTALLATIONS,
    ),
    **dict.fromkeys(
        [
            "inbox.Appointment",
            "inbox.AuditEntry",
            "inbox.BookingCheck",
            "inbox.Campaign",
            "inbox.Deviation",
            "inbox.ChannelRefusal",
            "inbox.Draft",
            "inbox.Enrichment",
            "inbox.FollowUpInstance",
            "inbox.FollowUpSequence",
            "inbox.FollowUpStep",
            "inbox.FollowUpTask",
            "inbox.GateResult",
            "inbox.Invitation",
            "inbox.Label",
            "inbox.LeadLabel",
            "inbox.MailboxAlarm",
            "inbox.Message",
            "inbox.Note",
            "inbox.ProviderWord",
            "inbox.SendingPolicy",
            "inbox.TagDecision",
            "inbox.TextAccess",
            "inbox.WorkspaceFact",
            "insights.ContextPack",
            "insights.ConversationInsight",
            "insights.PackQuestion",
            "insights.PackThread",
            "integrations.AiCall",
            "integrations.ApiToken",
            "integrations.CircuitBreaker",
            "integrations.DayReceipt",
            "integrations.HealthTransition",
            "integrations.IdempotencyKey",
            "integrations.Notice",
            "integrations.ReplyPoll",
            "integrations.WebhookAttempt",
            "integrations.WebhookEndpoint",
            "integrations.WebhookKey",
            "jobs.JobAction",
            "jobs.JobAttempt",
            "jobs.JobStep",
        ],
        RECORD,
    ),
}

OTHERS = {
    "index": "everybody of the admin",
    "app_list": "everybody of the admin, with the models that they may look at",
    "login": "leads to the product's own page",
    "logout": "everybody",
    "password_change": "leads to the product's own page",
    "password_change_done": "leads to the product's own page",
    "autocomplete": "rows of the model's own page (test_scope.py)",
    "jsi18n": "words of the page's scripts",
    "view_on_site": "no model has a page on the site",
    "switch": "workspaces of the person (test_scope.py)",
    "trace": "those who may look at the row (test_tracing.py)",
    "open-text": "operators with a reason (test_reading.py)",
    "auth_user_password_change": "superusers (test_admin.py)",
    "jobs_backgroundjob_overview": "those who may look at jobs",
    "jobs_backgroundjob_cause": "those who may retry jobs (tests/jobs/test_admin.py)",
    "jobs_tick_crons": "those who may look at ticks (test_cockpit.py)",
    "integrations_workspaceintegrationhealth_banner": "everybody of the admin (test_acting.py)",
    "integrations_workspaceintegrationhealth_act": "those who may have accounts checked (test_acting.py)",
    "inbox_webhookdelivery_replay_failed": "those who may replay",
    "inbox_webhookdelivery_replay": "those who may replay",
    "inbox_lead_merge": "those who may change leads",
}
"""Addresses that are no page of a model, with who may open them."""


@pytest.fixture
def people(db):
    """A browser for each role. `own` is the workspace of those who have one."""
    own = factories.make_workspace("Northwind")
    users = {
        MEMBER: factories.make_member(own, Membership.Role.MEMBER),
        ADMIN: factories.make_member(own, Membership.Role.ADMIN),
        OWNER: factories.make_member(own, Membership.Role.OWNER),
        SUPPORT: factories.make_user(is_staff=True),
        OPERATOR: factories.make_user(is_staff=True),
        ROOT: factories.make_user(is_staff=True, is_superuser=True),
        ROOT_INSIDE: factories.make_member(own, is_staff=True, is_superuser=True),
    }
    users[SUPPORT].groups.add(Group.objects.get(name=roles.SUPPORT))
    users[OPERATOR].groups.add(Group.objects.get(name=roles.OPERATOR))
    return own, users


def browser_of(user) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def test_every_class_of_the_admin_has_a_rule():
    assert {model._meta.label for model in REGISTERED} == set(RULES)


def test_every_address_of_the_admin_is_a_page_of_a_model_or_has_a_rule():
    pages = {
        f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in REGISTERED
        for page in ("changelist", "add", "history", "delete", "change")
    }
    names = {pattern.name for pattern in _patterns(admin.site.get_urls()) if pattern.name}
    assert names - pages == set(OTHERS)


def _patterns(found):
    for pattern in found:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns)
        else:
            yield pattern


def expected(role: str, rule: Rule, page: str, *, installation: bool, foreign: bool) -> str:
    """What the page answers: "login" (which it leads to), "opens", "refused" (403) or "absent" (404)."""
    if role == MEMBER:
        return "login"
    if page in ("changelist", "add"):
        allowed = rule.look if page == "changelist" else rule.add
        return "opens" if role in allowed else "refused"
    if role in THEIRS and (installation or foreign):
        return "absent"
    allowed = {"delete": rule.delete, "save": rule.change}.get(page, rule.look)
    return "opens" if role in allowed else "refused"


ROLES = [MEMBER, ADMIN, OWNER, SUPPORT, OPERATOR, ROOT, ROOT_INSIDE]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.shortened
def test_every_page_answers_the_role_as_ruled(people, unrendered, role):
    """In `make test` a workspace admin opens every page, and each other role every third of each model."""
    step = forms.either(1 if role == ADMIN else 3, 1)
    own_workspace, users = people
    own = of_workspace(own_workspace, "own")
    foreign = of_workspace(factories.make_workspace("Bluebird"), "foreign")
    installation = of_installation(users[ROOT])
    browser = browser_of(users[role])
    wrong = []
    for number, (model, model_admin) in enumerate(REGISTERED.items(), ROLES.index(role)):
        alone = model_admin.workspace_path == INSTALLATION
        rows = {False: (installation if alone else own)[model]}
        if not alone:
            rows[True] = foreign[model]
        asked = [(page, False, None) for page in ("changelist", "add")]
        asked += [
            (page, other, row)
            for other, row in rows.items()
            for page in ("change", "history", "delete", "save")
        ]
        for page, other, row in asked[number % step :: step]:
            answer = _ask(browser, model, page, row)
            wanted = expected(role, RULES[model._meta.label], page, installation=alone, foreign=other)
            if answer != wanted:
                wrong.append((model._meta.label, page, "foreign" if other else "own", answer, wanted))
    assert wrong == []


def _ask(browser: Client, model, page: str, row) -> str:
    if page == "save":
        with transaction.atomic():  # an empty form switches off what has a box, and the next role finds it so
            answer = browser.post(url(model, "change", row.pk), {"unknown": "1"})
            transaction.set_rollback(True)
    else:
        answer = browser.get(url(model, page, *([row.pk] if row is not None else [])))
    if answer.status_code == 302 and "/login/" in answer["Location"]:
        return "login"
    return {200: "opens", 302: "opens", 403: "refused", 404: "absent"}[answer.status_code]


def test_nobody_who_is_not_signed_in_opens_anything(people, unrendered):
    for model in REGISTERED:
        assert _ask(Client(), model, "changelist", None) == "login", model
    for name in ("index", "jsi18n", "autocomplete"):
        assert Client().get(reverse(f"admin:{name}")).status_code == 302


def test_actions_are_offered_as_ruled(people):
    _, users = people
    wrong = []
    for role, user in users.items():
        request = RequestFactory().get("/admin/")
        request.user, request.session, request.resolver_match = user, {}, None
        for model, model_admin in REGISTERED.items():
            offered = set(model_admin.get_actions(request))
            wanted = {name for name, who in RULES[model._meta.label].actions.items() if role in who}
            if role != MEMBER and offered != wanted:
                wrong.append((role, model._meta.label, offered, wanted))
    assert wrong == []


@pytest.mark.parametrize(
    ("role", "overview", "own", "foreign"),
    [
        (ADMIN, 200, 302, 404),
        (OWNER, 200, 302, 404),
        (SUPPORT, 200, 403, 403),
        (OPERATOR, 200, 302, 302),
        (ROOT, 200, 302, 302),
    ],
)
def test_pages_of_our_own_answer_as_ruled(people, role, overview, own, foreign):
    workspace, users = people
    browser = browser_of(users[role])
    here = factories.make_delivery(workspace, body=None)
    there = factories.make_delivery(factories.make_workspace("Bluebird"), body=None)

    assert browser.get(reverse("admin:jobs_backgroundjob_overview")).status_code == overview
    for delivery, wanted in ((here, own), (there, foreign)):
        replay = reverse("admin:inbox_webhookdelivery_replay", args=[delivery.pk])
        assert browser.post(replay, {"do": "run"}).status_code == wanted
    lead = factories.make_lead(there.workspace)
    merge = browser.get(reverse("admin:inbox_lead_merge", args=[lead.pk])).status_code
    assert merge == {ADMIN: 404, OWNER: 404, ROOT: 200}.get(role, 403)
