"""The demo's two workspaces, its people, and their accounts at the sandbox. Running it again changes nothing."""

from django.db import transaction

from inbox import workspaces
from inbox.demo import facts as known
from inbox.demo import followups
from inbox.models import Membership, User, Workspace
from integrations import connect, emailbison, ghl, slack, unipile
from integrations.models import Integration

PASSWORD = "holdfast-demo"
STAFF = "staff@holdfast.example.com"

WORKSPACES = {
    "northwind": {
        "name": "Northwind",
        "timezone": "America/New_York",
        "persona_name": "Alex Moreno",
        "service_description": "We keep owner-run service businesses busy through the slow months.",
        "accounts": {
            emailbison.NAME: {"workspace_id": "42"},
            ghl.NAME: {"location_id": "LocNorthwind01"},
            unipile.NAME: {"account_id": "uni_acc_42", "name": "Jane Doe"},
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
            slack.NAME: {"bot_token": "demo-slack-of-bluebird", "channel": "C0SANDBOX02"},
        },
    },
}
SANDBOX_PATHS = {
    emailbison.NAME: "emailbison",
    ghl.NAME: "ghl",
    unipile.NAME: "unipile",
    slack.NAME: "slack/api",
}


def api_key(label: str) -> str:
    """The key of a demo workspace at the sandbox's providers, which is the name of its account there."""
    return f"demo-key-of-{label}"


def account_id(label: str, provider: str) -> str:
    """What the provider calls the demo's own account; empty where its accounts have no id."""
    return WORKSPACES[label]["accounts"][provider].get(connect.account_setting(provider), "")


def sandbox_accounts(label: str) -> dict[str, str]:
    """What the sandbox calls the workspace's account of each provider that can post webhooks."""
    account = WORKSPACES[label]["accounts"][unipile.NAME]["account_id"]
    return {emailbison.NAME: api_key(label), ghl.NAME: api_key(label), unipile.NAME: account}


def sandbox_properties(label: str) -> dict[str, dict[str, object]]:
    """What the sandbox's accounts of the workspace are called, as the workspace's own settings say."""
    accounts = WORKSPACES[label]["accounts"]
    return {
        emailbison.NAME: {
            "workspace_id": int(accounts[emailbison.NAME]["workspace_id"]),
            "workspace_name": WORKSPACES[label]["name"],
        },
        unipile.NAME: {"name": accounts[unipile.NAME]["name"]},
    }


def people() -> list[tuple[str, str]]:
    """(e-mail, what they may do) of everybody in the demo; all have the same password."""
    listed = []
    for label, facts in WORKSPACES.items():
        listed += [
            (f"admin@{label}.example.com", f"admin of {facts['name']}"),
            (f"member@{label}.example.com", f"member of {facts['name']}"),
        ]
    return [*listed, (STAFF, "staff: the Django admin")]


@transaction.atomic
def seed(sandbox_url: str) -> dict[str, Workspace]:
    """Make what is missing and point every account at the sandbox. Returns the workspaces by label."""
    made = {label: _workspace(label, facts, sandbox_url) for label, facts in WORKSPACES.items()}
    followups.seed(made["northwind"])
    if not User.objects.filter(email=STAFF).exists():
        User.objects.create_superuser(STAFF, PASSWORD)
    return made


def _workspace(label: str, facts: dict, sandbox_url: str) -> Workspace:
    admin = f"admin@{label}.example.com"
    membership = Membership.objects.filter(user__email=admin, role=Membership.Role.OWNER).first()
    if membership:
        workspace = membership.workspace
    else:
        fields = {name: value for name, value in facts.items() if name not in ("name", "accounts")}
        made = workspaces.create(facts["name"], admin, PASSWORD, **fields)
        workspace = made.workspace
        known.seed(label, workspace, made.admin)
        workspaces.add_member(workspace, f"member@{label}.example.com", Membership.Role.MEMBER, PASSWORD)
    for provider, settings in facts["accounts"].items():
        integration = _account(workspace, provider, account_id(label, provider))
        key = {} if provider == slack.NAME else {"api_key": api_key(label)}
        connect.apply(
            integration, {**settings, **key, "base_url": f"{sandbox_url}/{SANDBOX_PATHS[provider]}"}
        )
        integration.save()
    return workspace


def _account(workspace: Workspace, provider: str, account: str) -> Integration:
    """The demo's own account, whatever others somebody has connected beside it: the one of that id, else the oldest
    without an id, else a new one with a key for its webhooks."""
    mine = Integration.objects.filter(workspace=workspace, provider=provider).order_by("created_at")
    found = mine.filter(external_account_id=account).first() or mine.filter(external_account_id="").first()
    if found is None:
        found = Integration.objects.create(workspace=workspace, provider=provider)
        workspaces.issue_key(found)
    return found
