"""The pages and forms of follow-up sequences and enrolment. A text's variables are checked when it is saved."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet
from django.forms import BaseInlineFormSet, inlineformset_factory
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from inbox.followups import plan, responses, step_text
from inbox.leads.folders import CappedCount
from inbox.models import FollowUpInstance, FollowUpSequence, FollowUpStep, Lead, Workspace, audit
from inbox.models.lead import Tag
from inbox.pages.access import ADMIN, FORM, POST, WorkspaceRequest, workspace_view
from inbox.pages.followups.follow_ups import list_of
from inbox.pages.forms import PostedText, record, redirect_to
from inbox.replying.variables import SLOTS, VARIABLES

MAX_ADDRESSES = 2_000
MAX_STEPS = 30
PREVIEW_LEADS = 20


class SequenceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = FollowUpSequence
        fields = ("name", "starts", "enabled", "business_hours_only")
        labels = {
            "starts": "Starts",
            "enabled": "Enabled",
            "business_hours_only": "Only in business hours",
        }

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self["enabled"], self["business_hours_only"]]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        namesakes = FollowUpSequence.objects.filter(workspace_id=self.instance.workspace_id, name=name)
        if namesakes.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another sequence has this name. Choose a different one.")
        return str(name)


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    workspace: Workspace

    class Meta:
        model = FollowUpStep
        fields = (
            "position", "offset_days", "offset_minutes", "channel", "condition", "needs_approval", "subject", "text",
        )  # fmt: skip
        labels = {
            "offset_days": "days",
            "offset_minutes": "minutes",
            "condition": "Send",
            "needs_approval": "Ask for approval before sending",
            "text": "Message",
        }
        field_classes = {"text": PostedText}
        widgets = {"position": forms.HiddenInput, "text": forms.Textarea(attrs={"rows": 5})}

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_text(self) -> str:
        return self._checked("text")

    def _checked(self, name: str) -> str:
        text = self.cleaned_data[name]
        if problem := step_text.problem(text, self.workspace):
            raise forms.ValidationError(problem)
        return str(text)


class _StepFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def add_fields(self, form: "forms.ModelForm[Any]", index: int | None) -> None:
        super().add_fields(form, index)
        assert isinstance(form, StepForm)
        form.workspace = self.instance.workspace
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = "Remove this step"
        if index is None or index >= self.initial_form_count():
            last = max((step.position for step in self.get_queryset()), default=0)
            form.initial["position"] = last + 1

    @property
    def ordered(self) -> list[Any]:
        """The forms of the sequence's stored steps by position, then the form of the new step."""
        return [
            *sorted(self.initial_forms, key=lambda step: _place(step["position"].value())),
            *self.extra_forms,
        ]

    def delete_existing(self, obj: FollowUpStep, commit: bool = True) -> None:
        """Retires the step instead of deleting it, because planned and sent messages refer to it."""
        FollowUpStep.objects.filter(pk=obj.pk).update(retired=True)


StepFormSet = cast(
    type[_StepFormSet],
    inlineformset_factory(
        FollowUpSequence,
        FollowUpStep,
        form=StepForm,
        formset=_StepFormSet,
        extra=1,
        max_num=MAX_STEPS,
        validate_max=True,
        can_delete=True,
        can_delete_extra=False,
    ),
)


class OneLeadForm(forms.Form):
    """Chooses one of the sequences that can be started for the lead."""

    sequence = forms.ModelChoiceField(queryset=FollowUpSequence.objects.none())

    def __init__(self, lead: Lead, *args: Any) -> None:
        super().__init__(*args)
        sequence = self.fields["sequence"]
        assert isinstance(sequence, forms.ModelChoiceField)
        sequence.queryset = plan.open_to(lead)


class EnrolForm(forms.Form):
    """Chooses the leads for which a sequence is started, by email addresses or by a tag."""

    emails = forms.CharField(
        label="Email addresses, one per line", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    tag = forms.ChoiceField(
        label="Or leads with this tag", required=False, choices=[("", "None"), *((tag, tag) for tag in Tag)]
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        fields = self.cleaned_data
        fields["emails"] = [
            row.strip().lower() for row in (fields.get("emails") or "").split() if row.strip()
        ]
        if len(fields["emails"]) > MAX_ADDRESSES:
            self.add_error("emails", f"At most {MAX_ADDRESSES:,} addresses at once.")
        if bool(fields["emails"]) == bool(fields.get("tag")):
            raise forms.ValidationError("Enter addresses or choose a tag, not both.")
        return fields

    def leads(self, workspace: Workspace) -> QuerySet[Lead]:
        leads = Lead.objects.filter(workspace=workspace).order_by("pk")
        if self.cleaned_data["tag"]:
            return leads.filter(tag=self.cleaned_data["tag"])[:MAX_ADDRESSES]
        return leads.filter(email__in=self.cleaned_data["emails"])


@workspace_view()
def sequences(request: WorkspaceRequest) -> HttpResponse:
    """Lists the sequences, with the leads' responses to each step."""
    live = FollowUpInstance.objects.filter(sequence=OuterRef("pk"), status__in=FollowUpInstance.LIVE)
    context = {
        "sequences": FollowUpSequence.objects.filter(workspace=request.workspace).annotate(
            many_steps=Count("steps", filter=Q(steps__retired=False)), live=CappedCount(live.values("pk"))
        ),
        "effectiveness": responses.effectiveness(request.workspace.pk),
        "objections": responses.objections(request.workspace.pk)[:10],
    }
    return render(request, "followups/sequences.html", context)


@workspace_view(ADMIN, FORM)
def sequence(request: WorkspaceRequest, sequence_id: uuid.UUID | None = None) -> HttpResponse:
    """Shows and saves a sequence; without an id, a new sequence."""
    fresh = FollowUpSequence(workspace=request.workspace)
    return _edit(request, _own(request, sequence_id) if sequence_id else fresh)


def _own(request: WorkspaceRequest, sequence_id: uuid.UUID) -> FollowUpSequence:
    return get_object_or_404(FollowUpSequence, pk=sequence_id, workspace=request.workspace)


def _edit(request: WorkspaceRequest, sequence: FollowUpSequence) -> HttpResponse:
    """Saves a posted sequence. With `move` or `show` it saves nothing and shows the posted form again: with one step
    moved, or with the texts as the chosen `lead` would get them.
    """
    shows = bool({"move", "show"} & request.POST.keys())
    posted = _moved(request.POST) if request.method == "POST" else None
    form = SequenceForm(posted, instance=sequence)
    planned = FollowUpStep.objects.filter(retired=False)
    formset = StepFormSet(posted, instance=sequence, queryset=planned, prefix="steps")
    parts, leads = _changes(sequence, form, formset) if posted is not None else ([], 0)
    exists = not sequence._state.adding
    if posted is not None and not shows and form.is_valid() and formset.is_valid():
        with transaction.atomic():
            saved = form.save()
            formset.instance = saved
            formset.save()
            record(request, "sequence.saved", saved, changes=audit.changes_of(form))
        concerns = f" for {leads:,} lead{'' if leads == 1 else 's'}" if leads else ""
        words = f"Saved {', '.join(parts) or 'without a change'}{concerns}."
        return redirect_to(request, "inbox:sequence", saved.pk, success=words)
    context = {
        "sequence": sequence if exists else None,
        "form": form,
        "formset": formset,
        "parts": parts,
        "concerned": leads,
        "variables": VARIABLES,
        "enrol": EnrolForm(),
    } | _preview(request, sequence, formset)
    failed = posted is not None and not shows
    return render(request, "followups/sequence.html", context, status=422 if failed else 200)


def _place(position: object) -> int:
    return int(str(position)) if str(position).isdecimal() else MAX_STEPS


def _moved(posted: QueryDict) -> QueryDict:
    name, _, way = posted.get("move", "").partition(" ")
    steps = [f"steps-{index}" for index in range(min(_place(posted.get("steps-INITIAL_FORMS")), MAX_STEPS))]
    if name not in steps:
        return posted
    steps.sort(key=lambda step: _place(posted.get(f"{step}-position")))
    place = steps.index(name)
    steps.insert(max(0, place + (1 if way == "down" else -1)), steps.pop(place))
    posted = posted.copy()
    posted.update({f"{step}-position": str(position) for position, step in enumerate(steps)})
    return posted


def _changes(sequence: FollowUpSequence, form: SequenceForm, formset: _StepFormSet) -> tuple[list[str], int]:
    steps = {number: step for number, step in enumerate(formset.ordered, 1) if step.has_changed()}
    live = FollowUpInstance.objects.filter(sequence=sequence.pk, status__in=FollowUpInstance.LIVE)
    if not form.has_changed():
        last = max((step.initial["position"] for step in steps.values()), default=-1)
        live = live.filter(next_step__position__lte=last)
    parts = ["settings"] if form.has_changed() else []
    return parts + [f"step {number}" for number in steps], live.count()


def _preview(request: WorkspaceRequest, sequence: FollowUpSequence, formset: _StepFormSet) -> dict[str, Any]:
    """Returns the texts of the steps for the request's `lead`, or for the newest lead of the sequence or workspace."""
    rows = Lead.objects.filter(workspace=request.workspace, last_message_at__isnull=False)
    rows = rows.order_by("-last_message_at")
    enrolled = rows.filter(followups__sequence=sequence.pk, followups__status__in=FollowUpInstance.LIVE)
    leads = list(enrolled[:PREVIEW_LEADS]) or list(rows[:PREVIEW_LEADS])
    chosen = next(
        (lead for lead in leads if str(lead.pk) == request.POST.get("lead")), next(iter(leads), None)
    )
    texts = []
    for number, step in enumerate(formset.ordered, 1):
        if chosen is None or not step["text"].value():
            continue
        templates = (step["subject"].value() or "", step["text"].value())
        text = step_text.render(*templates, lead=chosen, workspace=request.workspace, slots=[], gaps=True)
        missing = [name for name in text.missing if name != SLOTS]
        texts.append((number, step["channel"].value(), text, step_text.lack(missing)))
    return {"leads": leads, "chosen": chosen, "texts": texts}


@workspace_view(methods=POST)
def enrol_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Starts a sequence for the lead of a conversation's page."""
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    form = OneLeadForm(lead, request.POST)
    started = plan.enrol(lead, form.cleaned_data["sequence"], user=request.user) if form.is_valid() else None
    if started is None:
        words = {"error": "Not enrolled. They’re already in the sequence or can’t be contacted."}
    else:
        record(request, "sequence.enrolled", started.sequence, count=1)
        words = {"success": f"Enrolled in “{started.sequence.name}”."}
    return redirect_to(request, "inbox:conversation", lead.pk, **words)


@workspace_view(methods=POST)
def enrol(request: WorkspaceRequest, sequence_id: uuid.UUID) -> HttpResponse:
    """Starts a sequence for the chosen leads, at most 2,000, and reports how many were started and left out."""
    sequence, form = _own(request, sequence_id), EnrolForm(request.POST)
    if not form.is_valid():
        errors = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return list_of(request, "waiting", error=errors)
    leads = list(form.leads(request.workspace))
    started = [row for lead in leads if (row := plan.enrol(lead, sequence, user=request.user)) is not None]
    record(request, "sequence.enrolled", sequence, count=len(started))
    messages.success(request, f"Enrolled {len(started)} of {len(leads)} leads.")
    unknown = len(set(form.cleaned_data["emails"]) - {lead.email for lead in leads})
    if unknown:
        messages.warning(request, f"{unknown} of these addresses don’t match a lead.")
    if skipped := len(leads) - len(started):
        messages.warning(request, f"{skipped} are already in the sequence or can’t be contacted.")
    return list_of(request, "waiting")
