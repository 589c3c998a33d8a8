"""The forms for decisions about conversations: done, snooze, unread, read, assign, tag, label and unlabel."""

import re
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.urls.converters import UUIDConverter
from django.utils import timezone

from inbox.leads.tags import SAID
from inbox.leads.triage import Seen
from inbox.models.label import NAME_CHARS
from inbox.pages.changes import parse_snapshot
from inbox.pages.desk import snooze_words
from inbox.pages.desk.filters import BY_NAME

LEAD_LIMIT = 50
SNOOZE_DAYS_LIMIT = 366
ID_DIGITS = 19
LABELLING = ("label", "unlabel")
LABEL = re.compile(f"{BY_NAME}.{{1,{NAME_CHARS}}}|{UUIDConverter.regex}")
PAGE_GOOD_FOR = timedelta(minutes=15)
"""How long a page may be used, after it was read, for a decision about all conversations of its list."""


class SeenField(forms.Field):
    """The ids of leads, each with the time of the lead's newest reply on the user's page (inbox.leads.triage.Seen)."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[Seen]:
        try:
            rows = [Seen.parse(text) for text in value or []]
        except ValueError:
            raise forms.ValidationError("That conversation isn’t in this workspace.") from None
        if len(rows) > LEAD_LIMIT:
            raise forms.ValidationError(f"Select at most {LEAD_LIMIT} conversations at once.")
        return rows


class DecisionForm(forms.Form):
    """The decision `do`: done, read, unread, snooze, assign:<membership>, assign:nobody, tag:<tag>, label:<id> or
    unlabel:<id>. In place of a label's id, "=" and its name may stand. In place of a membership's id, "=" and the id of
    the user may stand for rows of a page (TriageForm).

    A snooze ends on the day `until`, or at the time in `snooze:<words>`. The words are a key of WORDS, a time (ISO
    8601), or a text for inbox.pages.desk.snooze_words. A day without a time means `opens_at` on that day, in the active
    time zone. `cleaned_data["snooze_until"]` holds the time at which the snooze ends.
    """

    ACTIONS: tuple[str, ...] = ("done", "unread", "read", "snooze", "assign", "tag", *LABELLING)
    WORDS = {"tomorrow": 1, "week": 7, "month": 30}
    NOBODY = "nobody"

    do = forms.CharField()
    until = forms.DateField(
        required=False, error_messages={"invalid": "Snooze until: enter a date like 2027-01-31."}
    )

    def __init__(self, *args: Any, opens_at: time, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opens_at = opens_at

    def clean_do(self) -> str:
        action, _, word = self.cleaned_data["do"].partition(":")
        if action not in self.ACTIONS or not self._is_known(action, word):
            raise forms.ValidationError("This action doesn’t exist.")
        return str(self.cleaned_data["do"])

    def _is_known(self, action: str, word: str) -> bool:
        if action == "assign":
            return word == self.NOBODY or (word.isascii() and word.isdigit() and len(word) < ID_DIGITS)
        if action == "tag":
            return word in SAID
        if action in LABELLING:
            return LABEL.fullmatch(word) is not None
        return action == "snooze" or not word

    @staticmethod
    def _moment(word: str) -> datetime | None:
        try:
            moment = datetime.fromisoformat(word)
            return timezone.localtime(moment) if moment.tzinfo else None
        except (ValueError, OverflowError):  # some zones have no time for year 1 or 9999
            return None

    def clean(self) -> dict[str, Any]:
        super().clean()
        action, _, words = self.cleaned_data.get("do", "").partition(":")
        if action == "snooze":
            try:
                self.cleaned_data["snooze_until"] = self._end(words)
            except snooze_words.NotUnderstood as reason:
                self.add_error("until", str(reason))
        return self.cleaned_data

    def _end(self, words: str) -> datetime:
        now, today, limit = timezone.now(), timezone.localdate(), timedelta(days=SNOOZE_DAYS_LIMIT)
        if moment := self._moment(words):
            if not now < moment <= now + limit:
                raise snooze_words.NotUnderstood("Snooze until: choose a time in the next year.")
            return moment
        if words and words not in self.WORDS:
            return snooze_words.read(words, self.opens_at)
        day = today + timedelta(days=self.WORDS[words]) if words else self.cleaned_data.get("until")
        if day is None:
            raise snooze_words.NotUnderstood("Snooze until: pick a date.")
        if not today < day <= today + limit:
            raise snooze_words.NotUnderstood("Snooze until: pick a date from tomorrow to a year from now.")
        return timezone.make_aware(datetime.combine(day, self.opens_at))

    def membership_id(self) -> int | None:
        """Returns the id of the membership, or after "=" of the user, to whom the conversations are assigned; None for
        nobody.
        """
        return None if self.word == self.NOBODY else int(self.word.removeprefix(BY_NAME))

    @property
    def word(self) -> str:
        """The part of `do` after the action: the tag, label, membership's id, or time; "" if it has none."""
        return str(self.cleaned_data["do"]).partition(":")[2]

    @property
    def action(self) -> str:
        return str(self.cleaned_data["do"]).partition(":")[0]


class TriageForm(DecisionForm):
    lead = SeenField(error_messages={"required": "Select a conversation first."})
    field_order = ("lead",)

    def _is_known(self, action: str, word: str) -> bool:
        is_user = action == "assign" and word != f"{BY_NAME}{self.NOBODY}"
        return super()._is_known(action, word.removeprefix(BY_NAME) if is_user else word)


class AllForm(DecisionForm):
    """A decision about all conversations of a list, as the user's page showed the list.

    The page was read at the time `at`, with the snapshot `mark` (inbox.pages.changes). It showed `count` conversations;
    None means that there were too many to count.
    """

    ACTIONS = ("done", "unread", "snooze", "assign")
    ANEW = "Reload this page."

    at = forms.DateTimeField(error_messages={"required": ANEW, "invalid": ANEW})
    mark = forms.CharField(error_messages={"required": ANEW})
    count = forms.IntegerField(required=False, error_messages={"invalid": ANEW})

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if not timedelta() <= timezone.now() - at <= PAGE_GOOD_FOR:
            raise forms.ValidationError(self.ANEW)
        return at

    def clean_mark(self) -> str:
        mark = parse_snapshot(self.cleaned_data["mark"])
        if mark is None:
            raise forms.ValidationError(self.ANEW)
        return mark
