"""The API views `drafts/…`: proposed answers, the checks that hold them back, their sources and their cost."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView, ListView, RowView
from api.forms import Input, ListQuery, RowSerializer
from api.repeating import repeatable
from api.sends import GoingOutSerializer
from inbox.models import Draft, GateResult
from inbox.replying import review

GATES = GateResult.objects.order_by("stage", "position")
DRAFTS = (
    Draft.objects.select_related("decided_by", "program")
    .prefetch_related(Prefetch("gate_results", GATES))
    .filter(lead__sample=False)
)


class GateSerializer(RowSerializer):
    class Meta:
        model = GateResult
        fields = ("stage", "gate", "passed", "evidence")


class MadeOfSerializer(serializers.Serializer[Any]):
    facts = serializers.SerializerMethodField()
    slots = serializers.SerializerMethodField()
    messages = serializers.SerializerMethodField()

    def get_facts(self, stored: dict[str, Any]) -> list[str]:
        return [fact["key"] for fact in stored.get("facts", [])]

    def get_slots(self, stored: dict[str, Any]) -> list[str]:
        return list(stored.get("slots", []))

    def get_messages(self, stored: dict[str, Any]) -> int:
        return int(stored.get("messages", 0))


class DraftSerializer(RowSerializer):
    message = serializers.PrimaryKeyRelatedField[Any](source="trigger_message", read_only=True)
    gates = GateSerializer(source="gate_results", many=True)
    made_of = MadeOfSerializer()
    decided_by = serializers.CharField(source="author")
    costMicrousd = serializers.SerializerMethodField()
    updated_at = serializers.DateTimeField(source="change_began_at")

    class Meta:
        model = Draft
        fields = (
            *("id", "lead", "message", "channel", "status", "status_reason", "revision", "subject", "text"),
            *("gates", "would_send", "send_at", "made_of", "costMicrousd", "model"),
            *("decided_by", "decided_at", "created_at", "updated_at"),
        )

    def get_costMicrousd(self, draft: Draft) -> int | None:
        """The cost of the draft in millionths of a dollar; null if the price of a model call is unknown."""
        costs = [call["cost_microusd"] for call in draft.made_of.get("calls", [])]
        return None if None in costs else sum(costs)


class DraftQuery(ListQuery):
    status = serializers.ChoiceField(Draft.Status.choices, required=False)


class Drafts(ListView):
    """Lists drafts, oldest change first."""

    scopes = {"GET": "drafts:read"}
    query_class = DraftQuery
    serializer_class = DraftSerializer
    rows = DRAFTS
    columns = {"status": "status"}


class OneDraft(RowView):
    """Returns a draft with the checks that hold it back."""

    scopes = {"GET": "drafts:read"}
    serializer_class = DraftSerializer
    rows = DRAFTS


class ApprovalInput(Input):
    text = serializers.CharField(required=False, max_length=20_000)
    revision = serializers.IntegerField(min_value=1, max_value=32_767)


class RevisionInput(Input):
    revision = serializers.IntegerField(required=False, default=None, min_value=1, max_value=32_767)


class Approve(ApiView):
    scopes = {"POST": "drafts:decide"}
    input_class = ApprovalInput
    serializer_class = GoingOutSerializer
    statuses = {"POST": 202}

    @repeatable
    def post(self, request: Request, draft_id: UUID) -> Response:
        """Approves a draft, with `text` in place of its own text if given. Refuses if `revision` is not the draft's, or
        the lead has written again.
        """
        body = self.body()
        draft = self.row(DRAFTS.select_related("lead", "trigger_message"), draft_id)
        send = review.approve(
            draft,
            user=self.token,
            text=body.get("text", draft.text),
            revision=body["revision"],
            seen_at=draft.trigger_message.sent_at,
        )
        return self.answer(send)


class Discard(ApiView):
    scopes = {"POST": "drafts:decide"}
    input_class = RevisionInput
    serializer_class = DraftSerializer

    @repeatable
    def post(self, request: Request, draft_id: UUID) -> Response:
        """Discards a draft. Refuses if `revision` is given and is not the draft's."""
        body = self.body()
        draft = self.row(DRAFTS, draft_id)
        review.reject(draft, user=self.token, revision=body["revision"], reason="Discarded by a program.")
        return self.answer(self.row(DRAFTS, draft_id))
