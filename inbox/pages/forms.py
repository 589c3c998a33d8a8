"""Helpers that several form pages share: text of several lines, refusals, redirects, and own and shared rows."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render

from inbox.models import Membership, audit
from inbox.pages.access import WorkspaceRequest
from inbox.workspaces.own_and_shared import Refused, Row


class PostedText(forms.CharField):
    """A text field in which lines end with "\\n". Browsers post "\\r\\n" (HTML standard, form data), so without this,
    an unchanged text of two lines would differ from the text that the form showed.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


class ChangedColumnsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Saves only the columns that the user changed. Saving the whole row could undo a change that happened in the
    meantime, such as a stop of all sends, or the erasure of a person.
    """

    def clean(self) -> dict[str, Any]:
        super().clean()  # the unchanged columns are checked as they are stored now
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}

    def save(self, commit: bool = True) -> Any:
        row = super().save(commit=False)
        if commit:
            row.save(update_fields=self.changed_data)
        return row


def first_error(form: forms.BaseForm) -> str:
    """Returns the first error of an invalid form as a sentence for the user."""
    return str(next(iter(form.errors.values()))[0])


def accepts(
    form: forms.BaseForm, field: str | None, act: Callable[[], object], refused: type[Exception] = Refused
) -> bool:
    """Whether `form` was posted and valid, and `act` stored it. If `act` raises `refused`, `field` gets the error."""
    try:
        if form.is_valid():
            act()
        return form.is_valid()
    except refused as reason:
        form.add_error(field, str(reason))
        return False


def form_page(request: HttpRequest, template: str, form: forms.BaseForm, **context: object) -> HttpResponse:
    """Renders a page with `form`, as 422 if it has errors."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def redirect_to(request: WorkspaceRequest, page: str, *args: object, **words: str) -> HttpResponseRedirect:
    """Redirects to the workspace's page with the URL name `page`. `words` are messages by level: `success="Saved."`."""
    for level, text in words.items():
        getattr(messages, level)(request, text)
    return redirect(page, request.workspace.pk, *args)


@contextmanager
def refusals_shown(
    request: HttpRequest, *refusals: type[Exception], level: int = messages.ERROR
) -> Iterator[None]:
    """Shows an exception of the classes `refusals` from the `with` block as a message, instead of raising it."""
    try:
        yield
    except refusals as refusal:
        messages.add_message(request, level, str(refusal))


def record(request: WorkspaceRequest, action: str, row: Any, **data: object) -> None:
    """Writes an audit entry: the request's user did `action` to `row` in the workspace."""
    audit.record(request.workspace.pk, request.user, action, row, **data)


def action_of(request: HttpRequest, *actions: str) -> str:
    """Returns the field `do` of the posted form. Raises Http404 if it is not one of `actions`."""
    action = request.POST.get("do", "")
    if action not in actions:
        raise Http404("This action doesn’t exist.")
    return action


def may_share(request: WorkspaceRequest) -> bool:
    """Whether the user's role allows changes that affect everyone in the workspace."""
    return request.membership.at_least(Membership.Role.ADMIN)


def own_and_shared(
    request: WorkspaceRequest, rows: Iterable[Row], words: str
) -> list[tuple[str, str, list[Row], bool]]:
    """Splits `rows` into the user's own and the shared ones. Returns for each part a key, a heading, the rows, and
    whether the user may change them.
    """
    everything = list(rows)
    private, shared = (
        [row for row in everything if row.is_shared is is_shared] for is_shared in (False, True)
    )
    return [
        ("own", f"Your {words}", private, True),
        ("shared", f"Shared {words}", shared, may_share(request)),
    ]


def find_changeable(request: WorkspaceRequest, rows: QuerySet[Row], row_id: uuid.UUID) -> Row:
    """Returns the row with this id if the user may change it. Raises Http404, or PermissionDenied for a shared row."""
    row = get_object_or_404(rows, pk=row_id)
    if row.is_shared and not may_share(request):
        raise PermissionDenied("Only admins can change shared ones.")
    return row
