"""`reset_second_factor`: removes the second factor of a person who lost phone and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.models import User
from inbox.workspaces import second_factor


class Command(BaseCommand):
    help = (
        "Remove a person’s second factor. They then log in with just a password and get an email, and their "
        "sessions end. Be sure it’s really them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError("No account has that address.")
        if not second_factor.remove(user, None):
            raise CommandError("That account has no second factor.")
        self.stdout.write(f"{user.email} now logs in with just a password.")
