"""The sheets of all tables that the seeded year fills with COPY, with the columns that its rows state."""

from pathlib import Path

from django.db import models

from demo.scale.copying import Sheet
from demo.scale.year import Year
from inbox.models import (
    Appointment,
    BookingCheck,
    Draft,
    Enrichment,
    FollowUpInstance,
    FollowUpTask,
    GateResult,
    Lead,
    Message,
    OutboundSend,
    TagDecision,
    WebhookDelivery,
)
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread
from integrations.models import AiCall
from jobs.models import BackgroundJob, JobAttempt, JobStep

COLUMNS: dict[type[models.Model], str] = {
    Lead: (
        "id workspace_id email phone linkedin_member_id linkedin_url emailbison_lead_id ghl_contact_id "
        "alternate_emails first_name last_name company title sources campaign_id assigned_to_id "
        "current_replier_email current_replier_name current_replier_since tag tag_decided_by awaiting_model suspected "
        "suspected_words provider_interested opted_out_at bounced_at booked_at snoozed_until score "
        "score_reason last_inbound_at last_outbound_at answered_at last_message_at last_channel last_snippet "
        "last_account needs_reply unread created_at updated_at"
    ),
    Message: (
        "id workspace_id lead_id campaign_id source external_id direction channel subject text raw_text "
        "raw_html from_address from_name recipients account_id account_address thread_id automated_reply "
        "by_hand provider_interested tag tag_decided_by tag_evidence suspected suspected_words "
        "suspicion_decided_by content_hash sent_at received_at processed_at draft_id found_by"
    ),
    WebhookDelivery: (
        "id workspace_id integration_id source event_type verdict reason body body_bytes body_sha256 headers "
        "scrubbed received_at duration_ms message_id lead_id job_id"
    ),
    TagDecision: "id workspace_id lead_id message_id tag kind by quote reason objection created_at",
    Draft: (
        "id workspace_id lead_id trigger_message_id channel status status_reason subject text generated_text "
        "model prompt_version gate_mode would_send decided_by_id decided_at created_at updated_at"
    ),
    GateResult: "workspace_id draft_id stage gate position passed evidence policy_version decided_at",
    OutboundSend: (
        "id workspace_id lead_id channel origin origin_id draft_id reply_to_id approved_by_id state reason "
        "subject text provider account_id provider_message_id answer_by created_at called_at finished_at"
    ),
    AiCall: (
        "id workspace_id job_id feature prompt_version model input_tokens output_tokens cost_microusd "
        "duration_ms outcome created_at"
    ),
    Appointment: (
        "id workspace_id lead_id provider external_id invitee_email starts_at ends_at status booked_at "
        "cancelled_at told_at replaced replaces_id handled_at created_at updated_at"
    ),
    BookingCheck: "workspace_id lead_id next_at checked_at",
    Enrichment: "id workspace_id lead_id kind status requested_at answered_at created_at",
    FollowUpInstance: (
        "id workspace_id lead_id sequence_id status next_step_id due_at paused_for quiet_since started_by_id "
        "started_at finished_at finish_reason"
    ),
    FollowUpTask: "id workspace_id lead_id instance_id step_id channel status text send_id claimed_at finished_at",
    BackgroundJob: (
        "id kind workspace_id payload dedupe_key status lane priority run_at first_run_at attempts started_at "
        "result last_error_class last_error fingerprint created_at finished_at"
    ),
    JobStep: "job_id name effect status reason started_at finished_at",
    JobAttempt: "job_id number outcome started_at finished_at duration_ms worker error_class error",
    ConversationInsight: (
        "id workspace_id lead_id outcome data schema_version prompt_version content_hash source cost_microusd "
        "read_at created_at"
    ),
    ContextPack: (
        "id workspace_id created_by_id question window window_from window_to scope_key keep_fresh status "
        "selected_at target_threads synthesis metrics model prompt_version cost_microusd previous_id "
        "created_at started_at finished_at"
    ),
    PackThread: "pack_id lead_id reason position status outcome insight_id paid attempts updated_at",
    PackQuestion: (
        "id workspace_id pack_id asked_by_id client_token text status answer model cost_microusd created_at "
        "answered_at"
    ),
}


class Tables:
    """The Sheets (rows to be loaded) of all tables that the seeded year fills, by their models."""

    def __init__(self, folder: Path, year: Year) -> None:
        self._sheets = {model: Sheet(model, columns, folder, year) for model, columns in COLUMNS.items()}

    def __getitem__(self, model: type[models.Model]) -> Sheet:
        return self._sheets[model]

    def all(self) -> list[Sheet]:
        return list(self._sheets.values())
