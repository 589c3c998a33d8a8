"""Small, valid objects for tests: every factory takes the fields a test cares about and makes up the rest.

Factories write rows and nothing else: no roll-ups, no jobs. A test that needs those calls our own code.
"""

import itertools
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import timezone

from inbox.models import (
    Campaign,
    Draft,
    FollowUpSequence,
    FollowUpStep,
    Invitation,
    Label,
    Lead,
    Membership,
    Message,
    OutboundSend,
    SavedView,
    SendingPolicy,
    Snippet,
    User,
    WebhookDelivery,
    Workspace,
    WorkspaceFact,
)
from integrations.models import Integration, WebhookKey

PASSWORD = "correct horse battery staple"
_serial = itertools.count(1)


def make_user(email: str = "", *, password: str = PASSWORD, **fields) -> User:
    """A user who can log in with PASSWORD."""
    return User.objects.create_user(email or f"user{next(_serial)}@example.com", password, **fields)


def make_workspace(name: str = "", **fields) -> Workspace:
    """A workspace. What people send goes out of it at once."""
    return Workspace.objects.create(name=name or f"Workspace {next(_serial)}", **{"undo_send_s": 0} | fields)


def make_fact(
    workspace: Workspace, question: str | None = None, answer: str = "Yes.", kind: str = "answer", **fields
) -> WorkspaceFact:
    question = f"Question {next(_serial)}?" if question is None else question
    return WorkspaceFact.objects.create(
        workspace=workspace, kind=kind, question=question, answer=answer, **fields
    )


def make_member(workspace: Workspace, role: str = Membership.Role.MEMBER, **user_fields) -> User:
    """A new user with `role` in `workspace`."""
    user = make_user(**user_fields)
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_invitation(workspace: Workspace, **fields) -> Invitation:
    """An open invitation of a new owner of `workspace`, mailed now."""
    now = timezone.now()
    defaults = {"email": f"asked{next(_serial)}@example.com", "role": Membership.Role.MEMBER}
    defaults |= {"mailed_at": now, "expires_at": now + timedelta(days=7)}
    if "invited_by" not in fields:
        defaults["invited_by"] = make_member(workspace, Membership.Role.OWNER)
    return Invitation.objects.create(workspace=workspace, **defaults | fields)


def make_saved_view(workspace: Workspace, owner: User | None = None, **fields) -> SavedView:
    """A view of `owner`; without one, a shared view."""
    defaults = {"name": f"View {next(_serial)}", "query": "view=all&tag=Interested"}
    return SavedView.objects.create(workspace=workspace, owner=owner, **defaults | fields)


def make_label(workspace: Workspace, **fields) -> Label:
    return Label.objects.create(workspace=workspace, **{"name": f"Label {next(_serial)}"} | fields)


def make_snippet(workspace: Workspace, owner: User | None = None, **fields) -> Snippet:
    """A snippet of `owner`; without one, a shared snippet."""
    defaults = {"name": f"Snippet {next(_serial)}", "text": "Hi {first_name|there}"}
    return Snippet.objects.create(workspace=workspace, owner=owner, **defaults | fields)


def make_campaign(workspace: Workspace, **fields) -> Campaign:
    number = next(_serial)
    return Campaign.objects.create(
        workspace=workspace,
        **{"provider": "emailbison", "external_id": str(number), "name": f"Campaign {number}"} | fields,
    )


def make_lead(workspace: Workspace, **fields) -> Lead:
    """A lead with a name and an address of its own; pass `email=""` for one without."""
    number = next(_serial)
    defaults = {
        "email": f"lead{number}@example.org",
        "first_name": "Dana",
        "last_name": f"Reyes {number}",
        "company": "Reyes Roofing",
        "last_message_at": timezone.now(),
        "last_channel": "email",
    }
    return Lead.objects.create(workspace=workspace, **defaults | fields)


def make_message(lead: Lead, text: str = "Sure, send me two or three times.", **fields) -> Message:
    """An inbound e-mail reply of `lead`, received now."""
    defaults = {
        "source": "emailbison_reply",
        "external_id": str(100_000 + next(_serial)),
        "direction": Message.Direction.INBOUND,
        "channel": "email",
        "subject": "Re: winter work",
        "text": text,
        "raw_text": text,
        "from_address": lead.email,
        "from_name": lead.display_name,
        "account_id": "311",
        "account_address": "alex@outreach.example.com",
        "sent_at": timezone.now(),
        "campaign": lead.campaign,
    }
    return Message.objects.create(workspace_id=lead.workspace_id, lead=lead, **defaults | fields)


def make_draft(
    message: Message, text: str = "Hi Dana, Thursday works. Would 1:00 suit you?", **fields
) -> Draft:
    """A draft that waits for review, answering `message`."""
    defaults = {
        "lead": message.lead,
        "channel": message.channel,
        "text": text,
        "generated_text": text,
        "model": "gpt-test",
        "prompt_version": "v1",
    }
    return Draft.objects.create(
        workspace_id=message.workspace_id, trigger_message=message, **defaults | fields
    )


def make_send(draft: Draft, **fields) -> OutboundSend:
    """The claim on sending `draft`: state `intent` unless told otherwise."""
    defaults = {
        "lead": draft.lead,
        "channel": draft.channel,
        "origin": OutboundSend.Origin.DRAFT,
        "origin_id": str(draft.pk),
        "draft": draft,
        "reply_to": draft.trigger_message,
        "text": draft.text,
    }
    return OutboundSend.objects.create(workspace_id=draft.workspace_id, **defaults | fields)


def make_integration(workspace: Workspace, provider: str = "emailbison", **fields) -> Integration:
    """A connected account. For calls to a sandbox pass `config={"base_url": sandbox.url("emailbison")}`."""
    defaults = {"name": "Outreach", "credentials": {"api_key": f"key-{next(_serial)}"}}
    return Integration.objects.create(workspace=workspace, provider=provider, **defaults | fields)


def lose_key(row: Integration | WebhookKey) -> str:
    """Store the secret of `row` under a key that this installation does not have. Returns that key."""
    key = Fernet.generate_key().decode()
    field = "credentials" if isinstance(row, Integration) else "secret"
    secret = getattr(row, field)
    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        type(row).objects.filter(pk=row.pk).update(**{field: secret})
    row.refresh_from_db()
    return key


def make_policy(workspace: Workspace, campaign: Campaign | None = None, **fields) -> SendingPolicy:
    """What may go out without a person: of `campaign`, or of the whole workspace. Off unless told otherwise."""
    return SendingPolicy.objects.create(workspace=workspace, campaign=campaign, **fields)


def make_delivery(workspace: Workspace | None, **fields) -> WebhookDelivery:
    """An accepted EmailBison delivery."""
    defaults = {
        "source": "email",
        "event_type": "LEAD_REPLIED",
        "verdict": WebhookDelivery.Verdict.ACCEPTED,
        "body": b"{}",
        "body_bytes": 2,
        "body_sha256": "0" * 64,
        "received_at": timezone.now(),
    }
    return WebhookDelivery.objects.create(workspace=workspace, **defaults | fields)


def ago(**units) -> datetime:
    """The time `timedelta(**units)` before now."""
    return timezone.now() - timedelta(**units)


def make_sequence(workspace: Workspace, *steps: dict, **fields) -> FollowUpSequence:
    """A sequence of `steps` (fields of FollowUpStep; the first is due at once), outside business hours too."""
    defaults = {"name": f"Sequence {next(_serial)}", "business_hours_only": False}
    sequence = FollowUpSequence.objects.create(workspace=workspace, **defaults | fields)
    for position, step in enumerate(steps):
        text = {"text": f"Hi {{first_name|there}}, message {position}."}
        FollowUpStep.objects.create(sequence=sequence, position=position, **text | step)
    return sequence
