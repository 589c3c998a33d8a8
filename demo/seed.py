"""Makes the demo's workspaces, its people, their accounts at the sandbox, and a month of history.

Running it again makes nothing twice. It only points the accounts at the sandbox again.
"""

from typing import Any

from django.db import transaction

from demo import day, followups, history, labels
from demo import facts as known
from inbox.models import Membership, User, Workspace
from inbox.workspaces import creation
from inbox.workspaces.accounts import SIGNATURES
from integrations import calendly, connect, emailbison, ghl, instantly, slack, smartlead, unipile
from integrations.models import Integration

PASSWORD = "holdfast-demo"
STAFF = "staff@holdfast.example.com"
AGENCY = "agency@example.com"

WORKSPACES: dict[str, dict[str, Any]] = {
    "northwind": {
        "name": "Northwind",
        "timezone": "America/New_York",
        "persona_name": "Alex Moreno",
        "service_description": "We keep owner-run service businesses busy through the slow months.",
        "promises": {"HOT": 30},
        "accounts": {
            emailbison.NAME: {"workspace_id": "42"},
            ghl.NAME: {"location_id": "LocNorthwind01"},
            unipile.NAME: {"account_id": "uni_acc_42", "name": "Jane Doe"},
            calendly.NAME: {},
            slack.NAME: {"bot_token": "demo-slack-of-northwind", "channel": "C0SANDBOX02"},
        },
    },
    "bluebird": {
        "name": "Bluebird",
        "timezone": "America/Chicago",
        "persona_name": "Priya Nair",
        "service_description": "Bookkeeping for small food businesses.",
        "accounts": {
            emailbison.NAME: {"workspace_id": "7"},
            ghl.NAME: {"location_id": "LocBluebird01"},
            unipile.NAME: {"account_id": "uni_acc_bb1", "name": "Tom Reed"},
            calendly.NAME: {},
            slack.NAME: {"bot_token": "demo-slack-of-bluebird", "channel": "C0SANDBOX02"},
        },
    },
    "copperfield": {
        "name": "Copperfield",
        "timezone": "America/Denver",
        "persona_name": "Tom Vasquez",
        "service_description": "Round tables of owners who run firms like theirs.",
        "accounts": {
            smartlead.NAME: {},
            instantly.NAME: {},
            ghl.NAME: {"location_id": "LocCopperfld01"},
            unipile.NAME: {"account_id": "uni_acc_cf9", "name": "Tom Vasquez"},
            slack.NAME: {"bot_token": "demo-slack-of-copperfield", "channel": "C0SANDBOX02"},
        },
    },
}
PEOPLE = {
    "northwind": {
        "admin@northwind.example.com": "Nora Calloway",
        "member@northwind.example.com": "Ben Lindgren",
        AGENCY: "Ivy Thackery",
    },
    "bluebird": {
        "admin@bluebird.example.com": "Chidi Okonkwo",
        "member@bluebird.example.com": "Meera Sundaram",
    },
    "copperfield": {
        "admin@copperfield.example.com": "Rosa Quintero",
        "member@copperfield.example.com": "Sam Holloway",
    },
}
"""The name of each person of the demo, by address."""
SENDERS = (emailbison.NAME, smartlead.NAME, instantly.NAME)
"""The providers whose accounts send emails."""
SANDBOX_PATHS = {
    emailbison.NAME: "emailbison",
    ghl.NAME: "ghl",
    unipile.NAME: "unipile",
    smartlead.NAME: "smartlead/api/v1",
    instantly.NAME: "instantly/api/v2",
    calendly.NAME: "calendly",
    slack.NAME: "slack/api",
}


def api_key(label: str) -> str:
    """The API key with which the demo workspace `label` calls the sandbox's providers. The
    sandbox uses it as the account's name too.
    """
    return f"demo-key-of-{label}"


def account_id(label: str, provider: str) -> str:
    """The id that `provider` has for the account of the demo workspace `label`, or "" for a provider whose accounts
    have no id.
    """
    found: str = WORKSPACES[label]["accounts"][provider].get(connect.account_setting(provider), "")
    return found


def sandbox_accounts(label: str) -> dict[str, str]:
    """The names that the sandbox has for the accounts of the demo workspace `label`, by provider, for those that post
    webhooks: all but Slack.
    """
    named = {}
    for provider, settings in WORKSPACES[label]["accounts"].items():
        if provider != slack.NAME:
            named[provider] = settings["account_id"] if provider == unipile.NAME else api_key(label)
    return named


def sandbox_properties(label: str) -> dict[str, dict[str, object]]:
    """The names and ids that the sandbox's accounts must have to match the settings of the demo workspace `label`, by
    provider. Only Unipile and EmailBison have such.
    """
    accounts = WORKSPACES[label]["accounts"]
    properties: dict[str, dict[str, object]] = {unipile.NAME: {"name": accounts[unipile.NAME]["name"]}}
    if emailbison.NAME in accounts:
        properties[emailbison.NAME] = {
            "workspace_id": int(accounts[emailbison.NAME]["workspace_id"]),
            "workspace_name": WORKSPACES[label]["name"],
        }
    return properties


def people() -> list[tuple[str, str]]:
    """Everybody who can log in to the demo, as (email, what they may do). The password of all is PASSWORD."""
    listed = []
    for label, facts in WORKSPACES.items():
        listed += [
            (f"admin@{label}.example.com", f"admin of {facts['name']}"),
            (f"member@{label}.example.com", f"member of {facts['name']}"),
        ]
    return [*listed, (AGENCY, "member of all three: one list"), (STAFF, "staff: the Django admin")]


@transaction.atomic
def seed(sandbox_url: str) -> dict[str, Workspace]:
    """Make what is missing of the demo's workspaces and people, and point every account at the sandbox at `sandbox_url`
    (without a slash at its end), in one transaction. Returns the workspaces by label.
    """
    made = {label: _workspace(label, facts, sandbox_url) for label, facts in WORKSPACES.items()}
    followups.seed(made["northwind"])
    if not User.objects.filter(email=STAFF).exists():
        User.objects.create_superuser(STAFF, PASSWORD)
    return made


def _workspace(label: str, facts: dict[str, Any], sandbox_url: str) -> Workspace:
    admin = f"admin@{label}.example.com"
    membership = Membership.objects.filter(user__email=admin, role=Membership.Role.OWNER).first()
    if membership:
        workspace = membership.workspace
    else:
        fields = {name: value for name, value in facts.items() if name not in ("name", "accounts")}
        made = creation.create(facts["name"], admin, PASSWORD, **fields)
        workspace = made.workspace
        known.seed(label, workspace, made.admin)
        creation.add_member(workspace, f"member@{label}.example.com", Membership.Role.MEMBER, PASSWORD)
        creation.add_member(workspace, AGENCY, Membership.Role.MEMBER, PASSWORD)
        for email, name in PEOPLE[label].items():
            first_name, last_name = name.split()
            User.objects.filter(email=email).update(first_name=first_name, last_name=last_name)
        history.seed(label, workspace, day.starts_at(workspace.created_at))
        labels.seed(workspace, made.admin)
    for provider, settings in facts["accounts"].items():
        integration = _account(workspace, provider, account_id(label, provider))
        key = {} if provider == slack.NAME else {"api_key": api_key(label)}
        connect.apply(
            integration, {**settings, **key, "base_url": f"{sandbox_url}/{SANDBOX_PATHS[provider]}"}
        )
        if provider in SENDERS:
            integration.config.setdefault(SIGNATURES, {"": f"{facts['persona_name']}\n{facts['name']}"})
        integration.save()
    return workspace


def _account(workspace: Workspace, provider: str, account: str) -> Integration:
    """The demo's own account of a provider. Accounts that somebody has connected beside it are left alone.

    It is the account with that id, else the oldest one without an id, else a new one with a key for its webhooks.
    """
    mine = Integration.objects.filter(workspace=workspace, provider=provider).order_by("created_at")
    found = mine.filter(external_account_id=account).first() or mine.filter(external_account_id="").first()
    if found is None:
        found = Integration.objects.create(workspace=workspace, provider=provider)
        creation.issue_key(found)
    return found
