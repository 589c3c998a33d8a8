"""`password_link`: prints a link for setting a password or joining a workspace, without mail."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.models import User
from inbox.workspaces import invitations, people


class Command(BaseCommand):
    help = (
        "Print a link that lets the owner of an address set a password or, without an account, accept an "
        "invitation. Give it only to that person, because it proves they own the address."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *, email: str, **options: Any) -> None:
        if not settings.PUBLIC_URL:
            raise CommandError("PUBLIC_URL isn’t set, and the link starts with it.")
        for path in self._paths(email.strip().lower()):
            self.stdout.write(settings.PUBLIC_URL + path)

    @staticmethod
    def _paths(email: str) -> list[str]:
        user = User.objects.filter(email=email).first()
        if user is not None:
            if not user.is_active:
                raise CommandError("That account is inactive. Activate it in the admin first.")
            if not people.password_opens(user):
                raise CommandError(
                    "OIDC_ONLY turns off passwords. Allow one for this account with emergency_account first."
                )
            return [people.password_path(user)]
        waiting = invitations.waiting_for(User(email=email))
        if not waiting:
            raise CommandError(
                "No account or pending invitation has that address. Invite it on the People page."
            )
        return [invitations.path(invitation) for invitation in waiting]
