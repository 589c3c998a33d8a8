"""Remembers that erased people must get no more messages, by keyed hashes of their addresses, numbers and ids. The key
is stored encrypted, so nobody can try addresses with the tables alone. While the key cannot be read, nothing is sent in
that workspace.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from inbox.leads import rollup
from inbox.models import ErasedMark, Lead, Workspace
from inbox.models.lead import IDENTITY_FIELDS
from integrations.fields import Unreadable, no_key_opens

Name = tuple[str, ...]
"""An identifier: its kind, and the values that identify a person or message, such as ("email", address)."""
UNREADABLE = (
    "The opt-outs of erased people can’t be read, because their key is missing from FIELD_ENCRYPTION_KEYS. "
    "Nothing is sent in this workspace until you add the key."
)


def names_of(lead: Lead) -> set[Name]:
    names = {(name, str(getattr(lead, name))) for name in IDENTITY_FIELDS if getattr(lead, name)}
    names |= {("email", address.lower()) for address in lead.alternate_emails}
    names |= {("ghl_contact_id", contact_id) for contact_id in lead.alternate_contacts}
    return names | {("phone", number) for number in lead.alternate_phones}


def names_of_message(source: str, external_id: str) -> set[Name]:
    return {("message", source, external_id)} if external_id else set()


def names_of_send(provider: str, message_id: str, send_id: str) -> set[Name]:
    """Returns the identifiers of our message in a provider's report: the provider's id, and the id of our send."""
    names: set[Name] = {("sent", provider, message_id)} if message_id else set()
    return names | ({("send", send_id)} if send_id else set())


def remember(workspace_id: UUID, names: Iterable[Name], *, opted_out_at: datetime | None = None) -> None:
    """Stores the hashes of the identifiers `names` in the caller's transaction. `opted_out_at` is the time after which
    nothing more is sent to the erased person. Raises DecryptionError if the workspace's key cannot be decrypted.
    """
    Workspace.objects.filter(pk=workspace_id, erasure_key=None).update(erasure_key=secrets.token_urlsafe(32))
    key = str(Workspace.objects.only("erasure_key").get(pk=workspace_id).erasure_key)
    ErasedMark.objects.bulk_create(
        [
            ErasedMark(workspace_id=workspace_id, digest=_digest(key, name), opted_out_at=opted_out_at)
            for name in sorted(set(names))
        ],
        ignore_conflicts=True,
    )


def forget_unreadable(workspace: Workspace) -> int:
    """Deletes the workspace's hashes of erased people if their key can no longer be decrypted. A workspace that cannot
    check its hashes sends nothing, because any lead might be an erased person. Returns the number of deleted hashes.
    """
    if not no_key_opens(workspace, "erasure_key"):
        return 0
    dropped = ErasedMark.objects.filter(workspace=workspace).delete()[0]
    Workspace.objects.filter(pk=workspace.pk).update(erasure_key=None)
    return dropped


def hold(lead: Lead, workspace: Workspace) -> None:
    """Opts the new `lead` out if its person was erased and has not sent START since. The caller saves the lead."""
    if (at := opted_out_at(workspace, names_of(lead))) is None:
        return
    rollup.opt_out(lead, at)
    if lead.opted_out_at is not None:
        lead.tag_decided_by = "erased earlier"
    rollup.derive(lead)


def reason(lead: Lead, recipients: dict[str, list[dict[str, str]]]) -> str:
    """Returns why nothing may be sent to `lead` and these recipients (`to` and `cc`); "" if none of them was erased, or
    if each has asked for messages again. A START counts only for its sender.
    """
    workspace = Workspace.objects.only("erasure_key").get(pk=lead.workspace_id)
    if no_key_opens(workspace, "erasure_key"):
        return UNREADABLE
    addressed: set[Name] = {
        ("email", str(row.get("address", "")).lower()) for rows in recipients.values() for row in rows
    }
    names = names_of(lead)
    at = opted_out_at(workspace, names)
    wants = at is None or (lead.opted_in_at is not None and lead.opted_in_at > at)
    if wants and opted_out_at(workspace, addressed - names) is None:  # A START counts for its sender only.
        return ""
    return "This message wasn’t sent because its recipient was erased."


def marked(workspace: Workspace, names: set[Name]) -> set[Name]:
    key = workspace.erasure_key
    if not names or key is None or isinstance(key, Unreadable):
        return set()
    digests = set(_marks(workspace, names).values_list("digest", flat=True))
    return {name for name in names if _digest(key, name) in digests}


def opted_out_at(workspace: Workspace, names: set[Name]) -> datetime | None:
    """Returns the latest time after which nothing may go to one of these identifiers; None if all may get messages."""
    times = _marks(workspace, names).filter(opted_out_at__isnull=False).values_list("opted_out_at", flat=True)
    return max(filter(None, times), default=None)


def _marks(workspace: Workspace, names: set[Name]) -> QuerySet[ErasedMark]:
    key = workspace.erasure_key
    if key is None or isinstance(key, Unreadable):
        return ErasedMark.objects.none()
    return ErasedMark.objects.filter(
        workspace_id=workspace.pk, digest__in=[_digest(key, name) for name in names]
    )


def _digest(key: str, name: Name) -> str:
    return hmac.new(key.encode(), "\0".join(name).encode(), hashlib.sha256).hexdigest()
