"""The pages of a workspace's settings: names, business hours, answers, sending, and how long data is stored."""

import zoneinfo
from importlib.resources import files
from typing import Any, NamedTuple

import phonenumbers
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from inbox.intake.retention import effects
from inbox.leads import promises
from inbox.leads.tags import NO_ANSWER, SAID
from inbox.models import Label, Workspace, audit
from inbox.models.lead import Tag
from inbox.pages.access import ADMIN, FORM, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.forms import ChangedColumnsForm, PostedText, record, redirect_to
from jobs.durations import duration

UNLISTED = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}
"""Countries that are not in the table of ISO 3166: their names by code."""
CONTINENTS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/"),
    *("Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)


def countries() -> list[tuple[str, str]]:
    """Returns the countries that a phone number can belong to, sorted by name: ISO 3166 two-letter code and name.

    The names are those of tzdata, because phonenumbers takes seconds to load its names.
    """
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8")
    names = dict(line.split("\t") for line in table.splitlines() if not line.startswith("#")) | UNLISTED
    return sorted(
        ((code, names[code]) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda country: country[1]
    )


def time_zones() -> list[str]:
    """Returns UTC and the names of the time zones of places. Old names such as US/Eastern are left out."""
    return ["UTC", *(name for name in zoneinfo.available_timezones() if name.startswith(CONTINENTS))]


# Not type="time": browsers show it in the format of their language, but all other times are in 24-hour format.
TIME = forms.TimeInput(attrs={"inputmode": "numeric", "placeholder": "09:00"}, format="%H:%M")


class Group(NamedTuple):
    """A group of settings, which one form of the page saves."""

    heading: str
    fields: tuple[str, ...]
    about: str = ""


GROUPS = {
    "name": Group("Name and place", ("name", "timezone", "phone_region")),
    "hours": Group("Business hours", ("opens_at", "closes_at")),
    "promises": Group(
        "Response times",
        (),
        "Counted in business hours. When an answer is almost due, Holdfast notifies the assignee, then one other "
        "member who isn’t away. Without a response time, a reply is overdue after one day.",
    ),
    "answers": Group("Tone and signature", ("persona_name", "tone", "signature", "service_description")),
    "sending": Group("Sending", ("undo_send_s", "daily_send_cap", "enter_twice")),
    "team": Group("Team and alerts", ("assign_in_turn", "health_emails")),
}


ENDS = NO_ANSWER | {Tag.MEETING_BOOKED, Tag.WRONG_PERSON}
PROMISED = {"HOT": "Hot replies"} | {tag.name: str(tag) for tag in SAID if tag not in ENDS}
"""The replies for which a workspace can promise an answer in time: names of form fields, with their labels. A promise
is stored under the tag's label (Workspace.promises).
"""
WITHIN = [("", "No promise"), *((m, f"Within {duration(m * 60)}") for m in (5, 15, 30, 60, 120, 240, 480))]
TIMES = {"opens_at", "closes_at", "timezone"}
"""The settings that, like promises, determine when answers are due."""


def in_words(form: forms.BaseForm, changes: dict[str, list[object]]) -> str:
    """Returns the saved changes in words: "Closes at: 18:00 (was 17:00)"."""
    lines = []
    for name, pair in changes.items():
        field, none = form.fields[name], "forever" if name.startswith("keep_") else "none"
        shown = {"None": none, "": none} | {str(key): word for key, word in getattr(field, "choices", ())}
        old, new = (shown.get(str(part), str(part).removesuffix(":00")) for part in pair or ["", ""])
        words = {"True": "on", "False": "off"}.get(new, f"{new} (was {old})" if pair else "changed")
        lines.append(f"{field.label}: {words}.")
    return " ".join(lines)


class PromiseForm(forms.Form):
    """The promises: for each tag or label, the minutes of business hours within which a reply is answered."""

    group = GROUPS["promises"]

    def __init__(self, data: Any, instance: Workspace) -> None:
        names = {str(label.pk): f"Label: {label}" for label in Label.objects.filter(workspace=instance)}
        promised = PROMISED | names
        super().__init__(
            data, initial={name: str(instance.promises.get(self.key(name), "")) for name in promised}
        )
        self.instance = instance
        for name, label in promised.items():
            self.fields[name] = forms.TypedChoiceField(
                label=label, choices=WITHIN, coerce=int, required=False, show_hidden_initial=True
            )

    @staticmethod
    def key(name: str) -> str:
        return name if name == "HOT" else PROMISED.get(name, name)

    def save(self) -> None:
        changes = {self.key(name): self.cleaned_data[name] for name in self.changed_data}
        with transaction.atomic():  # others may have changed other promises since the form was opened
            row = Workspace.objects.select_for_update(no_key=True).get(pk=self.instance.pk)
            row.promises = {name: minutes for name, minutes in (row.promises | changes).items() if minutes}
            row.save(update_fields=["promises"])


class WorkspaceForm(ChangedColumnsForm):
    """The settings of one group; all settings if `group` is None, as in the admin."""

    timezone = forms.ChoiceField(
        label="Time zone", help_text="All times in Holdfast are shown in this time zone."
    )
    phone_region = forms.ChoiceField(
        label="Default phone country",
        help_text="For numbers without a country code.",
        choices=[(code, f"{name} ({code})") for code, name in countries()],
    )

    class Meta:
        model = Workspace
        fields = [name for group in GROUPS.values() for name in group.fields]
        labels = {
            "name": "Workspace name",
            "persona_name": "Signed by",
            "service_description": "Products and services",
            "undo_send_s": "Undo send window, in seconds",
            "enter_twice": "Press Enter twice to send a ready draft",
            "daily_send_cap": "Maximum automatic answers a day",
            "assign_in_turn": "Assign new interested leads in rotation",
            "health_emails": "Email owners and admins when an account stops working",
        }
        help_texts = {
            "service_description": "Drafts use only this description, your facts and the conversation.",
            "undo_send_s": "0 to 60. At 0, messages go out right away.",
            "enter_twice": "",
            "closes_at": "Monday to Friday. Automatic answers and follow-ups can be limited to these hours.",
            "assign_in_turn": "",
            "health_emails": "At most one email per account per day. Without Slack, owners and admins always get it.",
        }
        field_classes = {"signature": PostedText, "service_description": PostedText}
        widgets = {
            "opens_at": TIME,
            "closes_at": TIME,
            "signature": forms.Textarea(attrs={"rows": 3}),
            "service_description": forms.Textarea(attrs={"rows": 5, "maxlength": 8000}),
        }

    def __init__(self, *args: Any, group: Group | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        zones = sorted({*time_zones(), self.instance.timezone})  # the stored zone may have an old name
        self.fields["timezone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]
        if group:
            self.fields = {name: self.fields[name] for name in group.fields}
        for field in self.fields.values():  # others may have changed other fields since the form was opened
            field.show_hidden_initial = bool(group)


class RetentionForm(ChangedColumnsForm):
    """The numbers of days for which a workspace stores messages, raw bodies, and records of model calls."""

    class Meta:
        model = Workspace
        fields = ("keep_messages_days", "keep_bodies_days", "keep_model_calls_days")
        labels = {
            "keep_messages_days": "Days to keep messages",
            "keep_bodies_days": "Days to keep raw webhook bodies",
            "keep_model_calls_days": "Days to keep records of model calls",
        }
        help_texts = {
            "keep_messages_days": (
                "30 to 3650, or empty to keep them forever. Drafts, sends and notes are deleted too. Leads, opt-outs "
                "and open suspicions are kept."
            ),
            "keep_bodies_days": "0 to 30. At 0, they’re deleted at the next hourly run.",
            "keep_model_calls_days": "1 to 3650, or empty to keep them forever. They contain no text.",
        }


def _save(request: WorkspaceRequest, form: Any, note: str = "") -> dict[str, list[object]]:
    if changes := audit.changes_of(form):
        form.save()
        record(request, "workspace.change", form.instance, changes=changes)
    messages.success(
        request, f"Saved. {in_words(form, changes)}{note}" if changes else "Nothing has changed."
    )
    return changes


@workspace_view(ADMIN, FORM)
def workspace_settings(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/`: saves the settings of one `group`, with an audit entry. Errors are a 400."""
    key = request.POST.get("group")
    if request.method == "POST" and key not in GROUPS:
        raise Http404("This group of settings doesn’t exist.")
    groups = {
        name: PromiseForm(request.POST if name == key else None, request.workspace)
        if name == "promises"
        else WorkspaceForm(request.POST if name == key else None, instance=request.workspace, group=group)
        for name, group in GROUPS.items()
    }
    if key and (form := groups[key]).is_valid():
        changes = _save(request, form)
        if changes and (key == "promises" or TIMES & changes.keys()):
            promises.remake_soon(form.instance)
        return redirect(f"{request.path}#{key}")
    if key:
        request.workspace.refresh_from_db()
    return render(request, "workspace/settings.html", {"groups": groups}, status=400 if key else 200)


@workspace_view(ADMIN, FORM)
@asks_again()
def retention(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/retention/`: sets the days for which data is stored. Invalid numbers of days are a 400.

    A GET with days shows what these retention times would delete, and only then offers to save them. A POST saves them,
    with an audit entry, and the next hourly run deletes older data.
    """
    params = request.POST if request.method == "POST" else request.GET
    saved = Workspace.objects.get(pk=request.workspace.pk)  # the form has changed its own instance
    form = RetentionForm(params if "keep_bodies_days" in params else None, instance=saved)
    if request.method == "POST" and form.is_valid():
        _save(request, form, " Older data is deleted within the hour.")
        return redirect_to(request, "inbox:retention")
    removed = effects(saved) if form.is_bound and form.is_valid() else []
    status = 400 if form.errors else 200
    return render(request, "workspace/retention.html", {"form": form, "effects": removed}, status=status)
