"""Keeps the notes of colleagues beside a conversation, and the members whom they mention with @. A note is not a
message: it has a separate table, which no provider, prompt or count reads.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from inbox.leads import own_notices, rollup
from inbox.models import Lead, Membership, Mention, Note, User

AT = re.compile(r"(?<![\w@.])@(?=\w)")
WORD = re.compile(r"[\w'’-]+")


class Call(NamedTuple):
    """A mention: `text[start:end]` is "@" and a name, and `members` are the memberships of the members with this name.
    If `members` is empty, the word after "@" names nobody.
    """

    start: int
    end: int
    members: frozenset[int]


@dataclass(frozen=True)
class WrittenNote:
    """A stored note, the members who are notified of it, and the words after "@" that name nobody."""

    note: Note
    told: frozenset[int]
    unknown: list[str]


def calls(text: str, names: Mapping[int, str]) -> Iterator[Call]:
    """Yields the mentions in `text`: "@" and a full name or a unique first name. `names` has membership ids as keys."""
    members = _callable(names)
    for match in AT.finditer(text):
        rest = _folded(text[match.end() :])
        word = WORD.match(rest)
        fits = (
            name
            for name in members
            if rest.startswith(name) and not rest[len(name) : len(name) + 1].isalnum()
        )
        name = next(fits, word.group() if word else "")
        yield Call(match.start(), match.end() + len(name), members.get(name, frozenset()))


def _folded(text: str) -> str:
    return text.replace("İ", "I").lower()  # keeps the length of `text`: only "İ" becomes longer in lower case


def _callable(names: Mapping[int, str]) -> dict[str, frozenset[int]]:
    """Returns, by name, the members whom "@" and the name mention (both, if two share it), the longest name first."""
    whole: dict[str, set[int]] = {}
    first: dict[str, set[int]] = {}
    for key, name in names.items():
        whole.setdefault(_folded(name), set()).add(key)
        first.setdefault(_folded(name).split()[0], set()).add(key)
    by_name = {name: who for name, who in first.items() if len(who) == 1} | whole
    return {name: frozenset(by_name[name]) for name in sorted(by_name, key=len, reverse=True)}


def write(lead: Lead, author: Membership, text: str, names: Mapping[int, str]) -> WrittenNote:
    """Stores `text` as a note of `author`, with its mentions of members. `names` has membership ids as keys."""
    spans = list(calls(text, names))
    called = frozenset[int]().union(*(call.members for call in spans)) - {author.pk}
    unknown = [text[call.start + 1 : call.end] for call in spans if not call.members]
    with rollup.holding(lead) as lead:
        note = Note.objects.create(workspace_id=lead.workspace_id, lead=lead, author=author.user, text=text)
        # The rows are locked, so a member cannot be removed between this check and the insert.
        memberships = Membership.objects.filter(workspace_id=lead.workspace_id, pk__in=called).order_by("pk")
        member_ids = list(memberships.select_for_update(no_key=True).values_list("pk", flat=True))
        Mention.objects.bulk_create(Mention(note=note, membership_id=key) for key in member_ids)
        if member_ids:
            own_notices.expect(lead.workspace_id, Q(pk__in=member_ids), [lead.pk])
    return WrittenNote(note, frozenset(member_ids), unknown)


def of(lead: Lead) -> QuerySet[Note]:
    """Returns the lead's notes, newest first, each with its author and (as `told`) the users whom it mentions."""
    called = Mention.objects.filter(note=OuterRef("pk")).order_by("pk").values("membership__user_id")
    notes = Note.objects.filter(workspace_id=lead.workspace_id, lead=lead).order_by("-created_at", "-pk")
    return notes.select_related("author").annotate(told=ArraySubquery(called))


def unread(workspaces: Collection[UUID], user_id: int) -> QuerySet[Mention]:
    return Mention.objects.filter(
        membership__workspace__in=workspaces, membership__user_id=user_id, read_at=None
    )


def calls_user(workspaces: Collection[UUID], user_id: int) -> Exists:
    """Returns an expression for leads: whether an unread note beside the conversation mentions this user."""
    return Exists(unread(workspaces, user_id).filter(note__lead=OuterRef("pk")))


def mark_read(workspace_id: UUID, user: User, leads: Collection[UUID]) -> int:
    return unread([workspace_id], user.pk).filter(note__lead__in=leads).update(read_at=Now())
