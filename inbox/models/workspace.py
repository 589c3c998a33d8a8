"""Models of users, workspaces, memberships and the audit log. A membership gives a user access to one workspace."""

import re
from collections.abc import Collection, Iterable
from datetime import time
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from inbox.models.row import program_key
from inbox.models.second_factor import RecoveryCode, SecondFactor
from inbox.models.session import end_sessions
from inbox.models.timezones import validate_timezone
from integrations.fields import EncryptedJSONField
from jobs.columns import Row, flag, index, json, moment, short_text, unique


class UserManager(BaseUserManager["User"]):
    """Creates users, and finds them by their email address, which is stored in lower case."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Creates a user, without a valid password if `password` is None. Raises ValueError if `email` is empty."""
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Creates a staff user with every permission. The address counts as proven, because an operator entered it."""
        rights = {"is_staff": True, "is_superuser": True, "address_proven_at": timezone.now()}
        return self.create_user(email, password, **rights | fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractUser):
    """A person who can log in. Only a membership gives the person access to a workspace."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Density(models.TextChoices):
        COMFORTABLE = "", "Comfortable"
        COMPACT = "compact", "Compact"

    username = None  # type: ignore[assignment]  # Django's way to leave a column of the base out
    email = models.EmailField("email address", unique=True)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    density = models.CharField(
        max_length=8,
        choices=Density.choices,
        default=Density.COMFORTABLE,
        db_default=Density.COMFORTABLE,
        blank=True,
        help_text="The spacing of lists and conversations.",
    )
    single_key_shortcuts = models.BooleanField(default=True)
    address_proven_at = moment(
        "When the password was last set by an operator or through a link emailed to the address. Empty: someone "
        "else may know the password."
    )

    company_key = models.CharField(
        max_length=600,
        null=True,
        blank=True,
        unique=True,
        help_text="The issuer of the company login, # and its ID for this person. Set at the first login.",
    )
    emergency = flag("Whether this person can log in with a password despite OIDC_ONLY.")

    _was_staff: bool | None = None
    _was_proven = True

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # the base's wants a username

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The person's name on all pages; without one, the part of the address before the @, written as a name."""
        before_at = self.email.partition("@")[0]
        return self.get_full_name() or re.sub(r"[._+-]+", " ", before_at).strip().title() or self.email

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any
    ) -> Self:
        user = super().from_db(db, field_names, values, **kwargs)
        user._was_staff = vars(user).get("is_staff")
        user._was_proven = vars(user).get("address_proven_at", True) is not None
        return user

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves the user's row. A new password ends all sessions. If the address was not proven before, a new password
        also removes the second factor, because somebody else may have set it up. `is_staff` is written only if this
        object changed it, because the database sets it when roles change.
        """
        has_new_password = self.pk is not None and vars(self).get("_password") is not None
        columns = names = kwargs.get("update_fields")
        if self.pk is not None and self._was_staff is not None and not kwargs.get("force_insert"):
            if names is None:
                names = [field.name for field in self._meta.concrete_fields if not field.primary_key]
            if self._was_staff == self.is_staff:
                kwargs["update_fields"] = [name for name in names if name != "is_staff"]
        super().save(*args, **kwargs)
        if columns is None or "is_staff" in columns:
            self._was_staff = vars(self).get("is_staff")
        if has_new_password:
            end_sessions(self.pk)
        if has_new_password and not self._was_proven:
            SecondFactor.objects.filter(user=self).delete()
            RecoveryCode.objects.filter(user=self).delete()
            self._was_proven = self.address_proven_at is not None

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        fields = None if fields is None else list(fields)
        super().refresh_from_db(using, fields, from_queryset)
        if fields is None or "is_staff" in fields:
            self._was_staff = vars(self).get("is_staff")


class Workspace(Row):
    """One team with its leads, messages, integrations and jobs. No data crosses from one workspace to another."""

    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    phone_region = models.CharField(
        max_length=2, default="US", help_text="The country assumed for phone numbers without a country code."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Drafts may use these facts about the person who answers and about what the company offers.
    persona_name = models.CharField(max_length=120, blank=True)
    tone = models.CharField(max_length=60, default="friendly and professional")
    signature = models.TextField(blank=True)
    service_description = models.TextField(blank=True)

    keep_bodies_days = models.PositiveSmallIntegerField(
        default=30,
        db_default=30,
        validators=[MaxValueValidator(30)],
        help_text="How long raw webhook bodies are kept. 0: until the next hourly run.",
    )
    keep_messages_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
        help_text="How long messages are kept, with their drafts and sends. Empty: forever.",
    )
    keep_model_calls_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        default=90,
        db_default=90,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="How long records of model calls are kept. They contain no text. Empty: forever.",
    )

    # The columns for business hours, and for limits on messages that go out without a person.
    opens_at = models.TimeField(default=time(9))
    closes_at = models.TimeField(default=time(17))
    daily_send_cap = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(0), MaxValueValidator(1000)]
    )
    undo_send_s = models.PositiveSmallIntegerField(
        default=10,
        db_default=10,
        validators=[MaxValueValidator(60)],
        help_text="How many seconds a message can be taken back. 0: messages go out at once.",
    )
    enter_twice = flag("Pressing Enter twice sends an unchanged ready draft.")
    promises = json(dict, "Minutes of business hours until a reply must be answered, by tag, label or HOT.")
    sends_paused = models.BooleanField(
        default=False, help_text="Kill switch: nothing goes out automatically."
    )
    assign_in_turn = flag("Assign interested leads in rotation to the members who get leads.")
    notice_tags = json(list, "The tags whose replies are posted in Slack, by name.")
    health_emails = flag("Owners and admins also get notices about broken accounts by email.")
    set_up_at = moment("When the first steps were finished or hidden. Empty: still shown.")
    erasure_key = EncryptedJSONField(
        null=True, blank=True, help_text="The key used to hash the data of erased people (ErasedMark)."
    )
    requires_second_factor = flag("Whether members need a second factor, or their company's login.")
    members = models.ManyToManyField(User, through="Membership", related_name="workspaces")
    drill_of = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="drills",
        help_text="Set for the test workspace of a fire drill. It has no members and is deleted after the drill.",
    )

    class Meta:
        ordering = ["name", "id"]
        permissions = [("see_all_workspaces", "Can see the rows of all workspaces in the admin")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.opens_at >= self.closes_at:
            raise ValidationError({"closes_at": "Closing time must be later than opening time."})


class Membership(models.Model):
    """A person's role in one workspace."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ADMIN = "admin", "Admin"
        MEMBER = "member", "Member"
        VIEWER = "viewer", "Viewer"

    class TellAbout(models.TextChoices):
        NOTHING = "", "Nothing"
        MINE = "mine", "My conversations"
        ALL = "all", "My and unassigned conversations"

    RANK: ClassVar[dict[str, int]] = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    takes_leads = flag("Gets leads if the workspace assigns them in rotation.")
    last_assigned_at = models.DateTimeField(null=True, blank=True)
    away_until = moment("Gets no leads in rotation until then.")
    tell_about = models.CharField(
        max_length=4,
        choices=TellAbout.choices,
        default=TellAbout.MINE,
        db_default=TellAbout.MINE,
        blank=True,
        help_text="The conversations this member is notified about, in the browser and by email.",
    )
    mail_after_min = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Minutes of absence before notices go out by email. Empty: no email.",
    )
    slack_user_id = short_text(40, "The person's user ID in the workspace's Slack, once looked up.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [unique("membership_once", "workspace", "user")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}: {self.get_role_display()}"

    def at_least(self, role: str) -> bool:
        """Whether this membership's role is `role` or higher. From low to high: viewer, member, admin, owner."""
        return self.RANK[self.role] >= self.RANK[role]


class AuditEntry(models.Model):
    """An entry of the audit log: an actor's action on an object. It never changes, and holds no people's texts."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="audit_entries", null=True
    )
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    program = program_key()
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            index("audit_by_workspace", "workspace", "-created_at"),
            index("audit_of_object", "object_id", "object_type"),
            # Index for the admin's search by the beginning of an action.
            models.Index(fields=["action"], opclasses=["varchar_pattern_ops"], name="audit_by_action"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"

    @property
    def author(self) -> str:
        """The name of the person or program that acted; "" for the product itself."""
        return str(self.program or self.actor or "")

    @property
    def changes(self) -> dict[str, list[object]]:
        """The changed fields, each with a list of its old and new value; [] if the log has only the field's name."""
        changes = self.data.get("changes")
        return changes if isinstance(changes, dict) else {}
