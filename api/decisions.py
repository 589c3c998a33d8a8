"""The API views below `leads/{id}/` that change a lead by the same rules as the lead's page."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.forms import Input, camel
from api.leads import LEADS, LeadSerializer, OneLead
from api.problems import Conflict, Unprocessable
from api.repeating import repeatable
from inbox.intake import tagging
from inbox.leads import assigning, facts, labels, rollup, triage
from inbox.leads.tags import SAID
from inbox.leads.triage import Seen, TriageResult
from inbox.models import Label, Lead, Membership
from inbox.models.label import MOST, NAME_CHARS
from inbox.pages.leads import TAKEN, LeadForm

EDITED = ("first_name", "last_name", "company", "title", "email", "phone", "linkedin_url")
LONGEST_SNOOZE = timedelta(days=366)


class FactsInput(Input):
    """The facts of a lead that a program can change, as users can on its page. An empty text clears a field."""

    firstName = serializers.CharField(required=False, allow_blank=True, max_length=120)
    lastName = serializers.CharField(required=False, allow_blank=True, max_length=120)
    company = serializers.CharField(required=False, allow_blank=True, max_length=200)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    email = serializers.CharField(required=False, allow_blank=True, max_length=320)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=32)
    linkedinUrl = serializers.CharField(required=False, allow_blank=True, max_length=300)


class EditableLead(OneLead):
    scopes = {"GET": "leads:read", "PATCH": "leads:write"}
    input_class = FactsInput

    @repeatable
    def patch(self, request: Request, lead_id: UUID) -> Response:
        """Changes facts of a lead. Later webhooks of providers do not overwrite facts that a program changed."""
        body, lead = self.body(), self.lead(lead_id)
        names = [name for name in EDITED if camel(name) in body]
        current = {name: getattr(lead, name) for name in LeadForm.base_fields}
        form = LeadForm(current | {name: body[camel(name)] for name in names}, instance=lead)
        errors = {camel(name): [*form.errors[name]] for name in names if name in form.errors}
        if errors:
            raise serializers.ValidationError(errors)
        try:
            facts.enter(lead, {name: form.cleaned_data[name] for name in names}, self.token)
        except facts.Taken as error:
            raise serializers.ValidationError({camel(error.name): [TAKEN]}, "taken") from None
        return self.get(request, lead_id=lead_id)


class Decision(ApiView, ABC):
    """Base class of API views that change the state of one lead. `input_class` validates the request's body."""

    scopes = {"POST": "leads:write"}
    serializer_class = LeadSerializer

    @repeatable
    def post(self, request: Request, lead_id: UUID) -> Response:
        body = self.body()
        self.decide(self.lead(lead_id), body)
        return self.answer(self.row(LEADS, lead_id))

    @abstractmethod
    def decide(self, lead: Lead, body: dict[str, Any]) -> None: ...


def _require(outcome: TriageResult) -> None:
    if outcome.missed:
        raise Conflict("The lead has written again. Read the new message first.")
    if outcome.silent:
        raise Unprocessable("This lead has never written, so there’s nothing to tag.")
    if outcome.held:
        raise Unprocessable("The lead opted out or bounced, or may have. A person must decide.", "held")


class TagInput(Input):
    tag = serializers.ChoiceField([(str(tag.value), tag.label) for tag in SAID])


class Tagged(Decision):
    """Tags the lead’s newest reply."""

    input_class = TagInput

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        _require(tagging.tag(self.workspace, self.token, [Seen.of(lead)], body["tag"]))


class LabelNames(serializers.ListField):
    child = serializers.CharField(max_length=NAME_CHARS)


class LabelsInput(Input):
    add = LabelNames(required=False, default=list, max_length=MOST)
    remove = LabelNames(required=False, default=list, max_length=MOST)


class Labelled(Decision):
    """Adds labels of the workspace to a lead, or removes them, by the labels' names."""

    input_class = LabelsInput

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        by_name = {label.name.lower(): label for label in Label.objects.filter(workspace=self.workspace)}
        for field in ("remove", "add"):
            if not {name.lower() for name in body[field]} <= by_name.keys():
                names = ", ".join(map(str, by_name.values()))
                raise serializers.ValidationError({field: [f"Available labels: {names or 'none'}."]})
        labels.hold(self.workspace, [by_name[name.lower()].pk for name in (*body["remove"], *body["add"])])
        for field, is_on in (("remove", False), ("add", True)):
            for name in body[field]:
                label = by_name[name.lower()]
                if labels.decide(self.workspace, self.token, [lead.pk], label, is_on=is_on).full:
                    raise Unprocessable(f"A lead can have at most {labels.PER_LEAD} labels.", "full")


class Done(Decision):
    """Marks a lead's conversation as done."""

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        _require(triage.change(self.workspace, [Seen.of(lead)], triage.DONE))


class SnoozeInput(Input):
    until = serializers.DateTimeField()

    def validate_until(self, until: Any) -> Any:
        if not timezone.now() < until <= timezone.now() + LONGEST_SNOOZE:
            raise serializers.ValidationError("Enter a time within the next year.")
        return until


class Snoozed(Decision):
    """Hides a lead's conversation until a time."""

    input_class = SnoozeInput

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        _require(triage.change(self.workspace, [Seen.of(lead)], triage.snoozed(body["until"])))


class AssignInput(Input):
    assignedTo = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=2**63 - 1, help_text="The member's id, or null for nobody."
    )


class Assigned(Decision):
    """Assigns a lead's conversation to a member, or to nobody."""

    input_class = AssignInput

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        user_id = body["assignedTo"]
        members = Membership.objects.filter(workspace=self.workspace, user=user_id)
        member_id = members.values_list("pk", flat=True).first() or 0
        try:
            to = assigning.receiver(self.workspace, None if user_id is None else member_id)
            _require(assigning.give(self.workspace, self.token, [Seen.of(lead)], to))
        except assigning.NotAMember as error:
            raise serializers.ValidationError({"assignedTo": [str(error)]}) from None


class OptedOut(Decision):
    """Stops all messages to the lead."""

    def decide(self, lead: Lead, body: dict[str, Any]) -> None:
        rollup.opt_out_by_hand(lead, self.token)
