"""The form that connects an account or changes its settings.

The form never shows a stored secret. If a field for a secret is left empty, the stored secret stays, even if no
configured encryption key can decrypt it.
"""

import copy
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.db import IntegrityError, transaction

from inbox.models import User, audit, locks
from inbox.pages.access import WorkspaceRequest
from inbox.pages.forms import PostedText
from inbox.workspaces import creation
from inbox.workspaces.accounts import SIGNATURES
from integrations import connect, destinations, registry
from integrations.health import probes, writer
from integrations.health.probes import look_at_secrets
from integrations.models import Integration
from integrations.spec import Setting

NAME = "name"
SECRET_LIMIT = 500
UNREADABLE = "The stored secret can’t be read with the current FIELD_ENCRYPTION_KEYS. Enter it again."
UNREADABLE_SECOND = "The stored secret can’t be read. If the account has one, enter it again too."


def masked(secret: str) -> str:
    """Returns dots followed by the secret's last four characters; only dots if it has fewer than 12 characters."""
    return f"••••{secret[-4:]}" if len(secret) >= 12 else "••••"


class AccountTaken(Exception):
    """Another workspace has this account, and this workspace has no key of its own for it."""


class AccountForm(forms.Form):
    """The settings and secrets of one account. The form gets an error if the account is already connected."""

    def __init__(self, integration: Integration, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.integration = integration
        self.spec = registry.spec_of(integration.provider)
        self.account_field = connect.account_setting(integration.provider)
        self._add(NAME, "Owner of the account", "Shown next to the account.", integration.name, 120)
        if setting := self.spec.account_id:
            self._add(
                setting.name,
                setting.label,
                setting.help,
                integration.external_account_id,
                120,
                required=setting.required,
            )
        for setting in self.spec.secrets:
            self._add_secret(setting)
        for setting in self.spec.settings:
            self._add(
                setting.name, setting.label, setting.help, integration.config.get(setting.name, ""), 500
            )
        if not integration._state.adding:
            self.fields["enabled"] = forms.BooleanField(
                required=False,
                initial=integration.enabled,
                label="Enabled",
                help_text="While it’s off, nothing is sent through it. Replies still arrive.",
            )

    def _add(
        self, name: str, label: str, help_text: str, initial: str, limit: int, *, required: bool = False
    ) -> None:
        self.fields[name] = forms.CharField(
            label=label,
            help_text=help_text,
            initial=initial,
            max_length=limit,
            required=required,
            error_messages={"required": f"Required: {label}. {help_text}"},
        )

    def _add_secret(self, setting: Setting) -> None:
        name, help_text = setting.name, setting.help
        lost = self.integration.is_unreadable
        stored = "" if lost else str(self.integration.credentials.get(name) or "")
        if lost:
            help_text = UNREADABLE if name == self.secret_names[0] else UNREADABLE_SECOND
        elif stored:
            help_text = f"{masked(stored)} is saved. Leave this empty to keep it"
            help_text += "; enter it again to change the address." if name == self.spec.key else "."
        elif not help_text and name == self.spec.key and self.spec.key_made_at:
            help_text = f"Create it in {self.spec.key_made_at}."
        self.fields[name] = forms.CharField(
            label=setting.label,
            help_text=help_text,
            max_length=SECRET_LIMIT,
            required=not (stored or lost) and self._needs(setting),
            error_messages={"required": f"Required: {setting.label}. Create it in {self.spec.key_made_at}."},
            widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        )

    def _needs(self, setting: Setting) -> bool:
        return setting.required and not (self.spec.installation_key and self.spec.installation_key())

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        tried = copy.copy(self.integration)
        for name in list(values):
            if name == "enabled" or (name in self.secret_names and not values[name]):
                continue
            try:
                connect.put(tried, {name: values[name]})
            except connect.ConnectError as error:
                self.add_error(name, str(error).removeprefix(f"{name}: "))
        if self.integration.is_unreadable and not tried.is_unreadable:
            for setting in self.spec.secrets:  # one new secret replaces all stored ones
                if self._needs(setting) and not tried.credentials.get(setting.name):
                    self.add_error(setting.name, "Enter this again too. The stored secret can’t be read.")
        if not self.errors:
            self._clean_keys(tried, [name for name in self.secret_names if values[name]])
        return values

    def _clean_keys(self, tried: Integration, names: list[str]) -> None:
        """Checks that `tried`, the changed account, has keys for its calls, and that a new URL came with a new key."""
        before = destinations.leads_to(self.integration)
        if name := connect.secret_for_new_address(tried, before, names):
            self.add_error(name, connect.GIVE_AGAIN[0].upper() + connect.GIVE_AGAIN[1:])
        elif not tried.is_unreadable and self.spec.lacks and (lack := self.spec.lacks(tried)):
            self.add_error(*lack)

    @property
    def secret_names(self) -> tuple[str, ...]:
        return tuple(setting.name for setting in self.spec.secrets)

    def save(self, workspace_id: UUID, user: User) -> Integration | None:
        """Stores the account with an audit entry, issues a webhook key if it is new, and enqueues a check of it.

        The form must be valid. Returns None, and adds an error to the form, if the account cannot be stored or is
        already connected.
        """
        try:
            with transaction.atomic():
                saved, another = self._store(workspace_id, user)
        except (IntegrityError, AccountTaken):
            self.add_error(
                self.account_field or None, "This account is already connected, here or in another workspace."
            )
            return None
        # somebody else has changed the account since the form was shown
        except connect.ConnectError as error:
            self.add_error(None, str(error))
            return None
        if another:
            writer.start_over(saved)
        if saved.enabled:
            look_at_secrets(saved)
        if saved.enabled and self.spec.probe:
            probes.enqueue_probe(saved)
        return saved

    def _store(self, workspace_id: UUID, user: User) -> tuple[Integration, bool]:
        fresh = self.integration._state.adding
        row = self.integration
        if not fresh:
            row = Integration.objects.select_for_update().get(pk=row.pk, workspace_id=workspace_id)
        before = row.external_account_id
        changes = {name: entry for name, entry in self.cleaned_data.items() if name in self.changed_data}
        row.enabled = changes.pop("enabled", row.enabled)
        changes = {name: entry for name, entry in changes.items() if entry or name not in self.secret_names}
        if self.spec.key in changes:
            # a key may be sent only to the URL that was entered with the key
            changes["base_url"] = self.cleaned_data["base_url"]
        connect.apply(row, changes)
        _refuse_anothers(row)
        another = not fresh and before != "" and before != row.external_account_id
        if another and self.spec.forget_owner:
            self.spec.forget_owner(row)
        row.save()
        if fresh:
            creation.issue_key(row)
        action = "integration.connected" if fresh else "integration.changed"
        audit.record(workspace_id, user, action, row, settings=sorted(self.changed_data))
        return row, another


def _refuse_anothers(row: Integration) -> None:
    """Raises AccountTaken if another workspace has the account, and only the installation's key would open it.

    That key opens every account, so entering an account's id must not be enough to read the account. The check must run
    in a transaction, because a lock makes workspaces that enter the same account wait for each other.
    """
    spec = registry.spec_of(row.provider)
    if not (spec.installation_key and spec.account_id) or row.is_unreadable or row.credentials.get(spec.key):
        return
    locks.hold(f"{row.provider} account", row.external_account_id)
    rows = Integration.objects.filter(provider=row.provider, external_account_id=row.external_account_id)
    if rows.exclude(workspace=row.workspace_id).exists():
        raise AccountTaken


class SignatureForm(forms.Form):
    """The signature of one sender address of an account, or of all its other addresses. An empty text removes it."""

    address = forms.EmailField(
        required=False,
        max_length=320,
        label="Sender address",
        help_text="Leave it empty for all other addresses of this account.",
        widget=forms.EmailInput(attrs={"list": "senders", "autocomplete": "off"}),
    )
    text = PostedText(
        required=False,
        max_length=1000,
        label="Signature",
        help_text="Replaces the workspace’s signature in emails from this address. Leave it empty to remove it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, integration: Integration, request: WorkspaceRequest, *, is_bound: bool) -> None:
        self.signatures = integration.config.get(SIGNATURES, {})
        address = request.GET.get("address", "")
        initial = {"address": address, "text": self.signatures.get(address, "")}
        posted = request.POST if is_bound and request.POST.get("group") == "signature" else None
        super().__init__(posted, initial=initial, auto_id="signature_%s")

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).lower()

    def save(self, integration: Integration, user: User) -> None:
        """Stores the signature with an audit entry. The form must be valid."""
        address, text = self.cleaned_data["address"], self.cleaned_data["text"].strip()
        with transaction.atomic():
            row = Integration.objects.select_for_update().get(
                workspace=integration.workspace_id, pk=integration.pk
            )
            signatures = {**row.config.get(SIGNATURES, {}), address: text}
            row.config[SIGNATURES] = {key: words for key, words in signatures.items() if words}
            row.save(update_fields=["config", "updated_at"])
            audit.record(row.workspace_id, user, "integration.changed", row, settings=[SIGNATURES])
