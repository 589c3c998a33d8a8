"""`emergency_account`: opens or closes the password login of one account under OIDC_ONLY."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from inbox.models import User, audit
from inbox.workspaces import people


class Command(BaseCommand):
    help = (
        "Let one account log in with a password under OIDC_ONLY, in case the company login fails. Prints a "
        "link for setting the password. Keep that password somewhere safe."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--end",
            action="store_true",
            help="revoke this: under OIDC_ONLY the account’s sessions end, and its password is kept",
        )

    def handle(self, *, email: str, end: bool, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError("No active account has that address. Create one with createsuperuser first.")
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(emergency=not end)
            audit.record(None, None, "user.emergency", user, changes={"emergency": [user.emergency, not end]})
        self.stdout.write(
            f"{user.email} {'no longer logs' if end else 'may log'} in with a password under OIDC_ONLY."
        )
        if not end:
            self.stdout.write(
                f"A link to set the password: {settings.PUBLIC_URL}{people.password_path(user)}"
            )
