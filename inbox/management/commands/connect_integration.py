"""`connect_integration`: stores an account's credentials and settings (docs/reference/commands.md, Workspaces)."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from inbox.management.arguments import workspace_named
from inbox.models import Workspace
from inbox.workspaces import creation
from integrations import connect, registry
from integrations.health import probes
from integrations.models import Integration
from integrations.spec import NONE


class Command(BaseCommand):
    help = "Store an account's credentials and settings. To read a value from standard input, write name=@-"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="Its name or id.")
        parser.add_argument("provider")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="values")

    def handle(self, *, workspace: str, provider: str, values: list[str], **options: Any) -> None:
        try:
            target = workspace_named(workspace)
            provider = connect.provider_named(provider)
            settings = dict(map(_pair, values))
            if not settings:
                raise CommandError("Pass at least one --set NAME=VALUE.")
            with transaction.atomic():
                integration = _account(target, provider, settings)
                connect.apply(integration, settings)
                _refuse_unusable(integration, settings)
                fresh = integration._state.adding
                integration.save()
                key = creation.issue_key(integration) if fresh else None
        except connect.ConnectError as error:
            raise CommandError(str(error)) from None
        except IntegrityError:
            raise CommandError("That account is already connected, here or in another workspace.") from None
        if integration.enabled:
            probes.look_at_secrets(integration)
        self.stdout.write(f"{integration} of {target.name}: {', '.join(sorted(settings))} stored.")
        if key:
            self.stdout.write(f"Webhook URL: {key}")


def _refuse_unusable(integration: Integration, settings: dict[str, Any]) -> None:
    """Raises CommandError if the provider cannot use a given setting. A missing setting may follow later."""
    lacks = registry.spec_of(integration.provider).lacks
    problem = None if isinstance(lacks, NONE) or integration.is_unreadable else lacks(integration)
    if problem and problem[0] in settings:
        raise CommandError(": ".join(problem))


def _account(workspace: Workspace, provider: str, settings: dict[str, Any]) -> Integration:
    """Returns the account that `settings` names, or else one without an id, the workspace's only one, or a new one."""
    accounts = Integration.objects.select_for_update().filter(workspace=workspace, provider=provider)
    account_id = settings.get(connect.account_setting(provider), "")
    exact = accounts.filter(external_account_id=account_id).first() if account_id else None
    blank = accounts.filter(external_account_id="").first()
    only = accounts.first() if not account_id and accounts.count() == 1 else None
    return exact or blank or only or Integration(workspace=workspace, provider=provider)


def _pair(text: str) -> tuple[str, str]:
    name, separator, content = text.partition("=")
    if not separator or not name.strip():
        raise CommandError("--set takes NAME=VALUE.")
    return name.strip(), sys.stdin.readline() if content == "@-" else content
