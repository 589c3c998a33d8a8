"""The API views `followups/…`, which start and stop a follow-up sequence for a lead."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.forms import Input, RowSerializer
from api.problems import Conflict, of_field
from api.repeating import repeatable
from inbox.followups import by_hand, plan
from inbox.models import FollowUpInstance, FollowUpSequence, audit

FOLLOWUPS = FollowUpInstance.objects.select_related("lead")
NOT_STARTED = "Not started. The sequence is already running, or the lead can’t be contacted."


class FollowUpSerializer(RowSerializer):
    class Meta:
        model = FollowUpInstance
        fields = ("id", "lead", "sequence", "status", "due_at", "started_at", "finished_at", "finish_reason")


class FollowUpInput(Input):
    lead = serializers.UUIDField()
    sequence = serializers.UUIDField()


class FollowUps(ApiView):
    scopes = {"POST": "followups:write"}
    input_class = FollowUpInput
    serializer_class = FollowUpSerializer
    statuses = {"POST": 201}

    @repeatable
    def post(self, request: Request) -> Response:
        """Starts a follow-up sequence for a lead."""
        body = self.body()
        with of_field("lead"):
            lead = self.lead(body["lead"])
        with of_field("sequence"):
            self.row(FollowUpSequence.objects, body["sequence"])
        sequence = plan.open_to(lead).filter(pk=body["sequence"]).first()
        started = sequence and plan.enrol(lead, sequence, user=self.token)
        if not started:
            raise Conflict(NOT_STARTED)
        audit.record(self.workspace.pk, self.token, "sequence.enrolled", started.sequence, count=1)
        return self.answer(started)


class Stop(ApiView):
    scopes = {"POST": "followups:write"}
    serializer_class = FollowUpSerializer

    @repeatable
    def post(self, request: Request, followup_id: UUID) -> Response:
        """Stops a lead's follow-up sequence."""
        self.body()
        followup = self.row(FOLLOWUPS, followup_id)
        outcome = by_hand.act(self.workspace, "cancel", [followup.pk], user=self.token)
        if outcome.refusals:
            raise Conflict(outcome.refusals[0])
        return self.answer(self.row(FOLLOWUPS, followup_id))
