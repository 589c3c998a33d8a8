"""Connecting an account and changing its settings. A stored secret is never shown again: left empty, it stays.

So does one that no configured key opens; one that is put in replaces it.
"""

import copy

from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction

from inbox import audit, locks, workspaces
from inbox.health import watch
from inbox.models import User
from integrations import connect, destinations, health
from integrations.checks import KEY_AT
from integrations.models import Integration, Provider
from integrations.probes import PROBES, look_at_secrets
from integrations.unipile import identity

NAME = "name"
TEXTS = {
    "api_key": ("API key", ""),
    "callback_secret": ("Callback secret", "What Clay’s answers are signed with."),
    "signing_key": ("Webhook signing key", "Calendly gives it when the webhook is made."),
    "bot_token": ("Bot token", "Begins with xoxb-. Found on the app’s page under OAuth & Permissions."),
    "webhook_url": (
        "Incoming webhook",
        "Only where there is no bot: messages can then not be changed later.",
    ),
    "base_url": (
        "Address of the API",
        "Leave empty for the provider’s own. Another address needs the key again.",
    ),
    "channel": ("Channel for notices", "A channel’s id, such as C0123456789. The bot must be in it."),
    "review_channel": (
        "Channel for drafts to review",
        "A channel’s id. Empty: drafts are reviewed here only.",
    ),
    "event_type_uri": ("Event type", "The URI of the meeting that is offered."),
    "linkedin_table_url": ("Webhook of the LinkedIn table", ""),
    "phone_table_url": ("Webhook of the phone table", ""),
    "workspace_id": (
        "EmailBison workspace id",
        "Events that name another one are refused. Empty: not checked.",
    ),
    "location_id": ("Location id", "As in the address of GoHighLevel’s pages."),
    "account_id": ("Account id", "As on Unipile’s dashboard."),
}
"""Label and help of each setting that integrations.connect knows; a test holds the two together."""
SECRET_LIMIT = 500
UNREADABLE = (
    "What is stored cannot be read with today’s FIELD_ENCRYPTION_KEYS. Put it in anew; left empty, it stays."
)
UNREADABLE_SECOND = (
    "What is stored cannot be read. If the account has one, put it in anew too: it ends with the other one."
)


def masked(secret: str) -> str:
    """The end of a secret, where the rest is long enough to stay one."""
    return f"••••{secret[-4:]}" if len(secret) >= 12 else "••••"


class AccountTaken(Exception):
    """Another workspace has the account, and only the installation's key would open it."""


class AccountForm(forms.Form):
    """The settings of one account, new or known. `save` stores them; a duplicate becomes the form's error."""

    def __init__(self, integration: Integration, data=None) -> None:
        super().__init__(data)
        self.integration = integration
        provider = integration.provider
        self.account_field = connect.ACCOUNT.get(provider, "")
        self._add(NAME, "Whose account it is", "Shown wherever the account is named.", integration.name, 120)
        if self.account_field:
            required = provider in (Provider.GHL, Provider.UNIPILE)
            label, help_text = TEXTS[self.account_field]
            self._add(
                self.account_field, label, help_text, integration.external_account_id, 120, required=required
            )
        for name in connect.SECRETS[provider]:
            self._add_secret(name)
        for name in connect.PLAIN[provider]:
            self._add(name, *TEXTS[name], integration.config.get(name, ""), 500)
        if not integration._state.adding:
            self.fields["enabled"] = forms.BooleanField(
                required=False, initial=integration.enabled, label="Switched on"
            )

    def _add(
        self, name: str, label: str, help_text: str, initial: str, limit: int, *, required=False
    ) -> None:
        self.fields[name] = forms.CharField(
            label=label,
            help_text=help_text,
            initial=initial,
            max_length=limit,
            required=required,
            error_messages={"required": f"Needed: {label}. {help_text}"},
        )

    def _add_secret(self, name: str) -> None:
        label, help_text = TEXTS[name]
        lost = self.integration.is_unreadable
        stored = "" if lost else str(self.integration.credentials.get(name) or "")
        if lost:
            help_text = UNREADABLE if name == self.secret_names[0] else UNREADABLE_SECOND
        elif stored:
            help_text = f"{masked(stored)} is stored. Leave empty to keep it"
            goes_out = name == destinations.SENT.get(self.integration.provider)
            help_text += "; give it again for another address." if goes_out else "."
        self.fields[name] = forms.CharField(
            label=label,
            help_text=help_text,
            max_length=SECRET_LIMIT,
            required=not (stored or lost) and self._needs(name),
            error_messages={"required": f"Needed: {label}, made in {KEY_AT.get(self.integration.provider)}."},
            widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        )

    def _needs(self, name: str) -> bool:
        if self.integration.provider == Provider.UNIPILE:
            return not settings.UNIPILE_API_KEY
        return name == "api_key"

    def clean(self) -> dict:
        values = super().clean()
        tried = copy.copy(self.integration)
        for name in list(values):
            if name == "enabled" or (name in self.secret_names and not values[name]):
                continue
            try:
                connect.put(tried, {name: values[name]})
            except connect.ConnectError as error:
                self.add_error(name, str(error).removeprefix(f"{name}: "))
        if self.integration.is_unreadable and not tried.is_unreadable:
            self._clean_replacement(tried)
        if not self.errors:
            self._clean_keys(tried, [name for name in self.secret_names if values[name]])
        return values

    def _clean_replacement(self, tried: Integration) -> None:
        """A secret that replaces what cannot be read ends all that is stored: the one that is needed must be there."""
        for name in self.secret_names:
            if self._needs(name) and not tried.credentials.get(name):
                self.add_error(name, "Put this in anew too: what is stored cannot be read.")

    def _clean_keys(self, tried: Integration, given: list[str]) -> None:
        """Whether `tried`, the account as it would be, has the keys that its calls need, for where they go."""
        before = destinations.leads_to(self.integration)
        if name := connect.secret_for_new_address(tried, before, given):
            self.add_error(name, connect.GIVE_AGAIN[0].upper() + connect.GIVE_AGAIN[1:])
        elif tried.is_unreadable:
            return
        elif tried.provider == Provider.SLACK:
            self._clean_slack(tried)
        elif tried.provider == Provider.UNIPILE and not self._opens(tried):
            self.add_error(
                "api_key", "Needed: the installation’s own key is for the installation’s address only."
            )

    def _opens(self, tried: Integration) -> bool:
        return bool(tried.credentials.get("api_key") or destinations.installation_key(tried))

    def _clean_slack(self, tried: Integration) -> None:
        if not (tried.credentials.get("bot_token") or tried.credentials.get("webhook_url")):
            self.add_error("bot_token", "Give a bot token, or an incoming webhook below.")
        elif not tried.credentials.get("webhook_url") and not tried.config.get("channel"):
            self.add_error("channel", "A bot has to know where to post: give the channel’s id.")

    @property
    def secret_names(self) -> tuple[str, ...]:
        return connect.SECRETS[self.integration.provider]

    def save(self, workspace_id, user: User) -> Integration | None:
        """Store what the form says and have the account checked. None, and an error, where it is connected already."""
        try:
            with transaction.atomic():
                saved, another = self._store(workspace_id, user)
        except (IntegrityError, AccountTaken):
            self.add_error(
                self.account_field or None, "This account is connected already, here or in another workspace."
            )
            return None
        except connect.ConnectError as error:  # somebody else has changed the account meanwhile
            self.add_error(None, str(error))
            return None
        if another:
            health.start_over(saved)
        if saved.enabled:
            look_at_secrets(saved)
        if saved.enabled and saved.provider in PROBES:
            watch.enqueue_probe(saved)
        return saved

    def _store(self, workspace_id, user: User) -> tuple[Integration, bool]:
        """The saved account, and whether it has become another one."""
        fresh = self.integration._state.adding
        row = self.integration
        if not fresh:
            row = Integration.objects.select_for_update().get(pk=row.pk, workspace_id=workspace_id)
        before = row.external_account_id
        given = {name: value for name, value in self.cleaned_data.items() if name in self.changed_data}
        row.enabled = given.pop("enabled", row.enabled)
        given = {name: value for name, value in given.items() if value or name not in self.secret_names}
        if destinations.SENT.get(row.provider) in given:
            given["base_url"] = self.cleaned_data["base_url"]  # a key is for the address that stood beside it
        connect.apply(row, given)
        _refuse_anothers(row)
        another = not fresh and before != "" and before != row.external_account_id
        if another:
            identity.forget(row)
        row.save()
        if fresh:
            workspaces.issue_key(row)
        action = "integration.connected" if fresh else "integration.changed"
        audit.record(workspace_id, user, action, row, settings=sorted(self.changed_data))
        return row, another


def _refuse_anothers(row: Integration) -> None:
    """The installation's key opens every LinkedIn account, so naming one must not be enough to read another's.

    Raises AccountTaken. Must run in a transaction: two workspaces that name one account take turns.
    """
    if row.provider != Provider.UNIPILE or row.is_unreadable or row.credentials.get("api_key"):
        return
    locks.hold("linkedin account", row.external_account_id)
    others = Integration.objects.filter(provider=row.provider, external_account_id=row.external_account_id)
    if others.exclude(workspace=row.workspace_id).exists():
        raise AccountTaken
