"""Guards of one line, each with what it is replaced by and the tests that must go red then (`make mutate`).

`line` stands once in its file. A guard of MUST_DIE may not survive; another one may, with the reason in `survives`.
"""

from typing import NamedTuple

MUST_DIE = ("tenancy", "claim", "fence", "opt-out", "cap", "signature", "host")
OTHER = "other"


class Guard(NamedTuple):
    """`line`: a part of one line of `path` (from the repository's root). `row`: the number of that line, or 0 where the
    part stands once in the file. `column`: the characters before the part in its row. `tests`: paths for pytest, with
    spaces.
    """

    kind: str
    path: str
    line: str
    instead: str
    tests: str
    survives: str = ""
    row: int = 0
    column: int = 0


ACCESS = "tests/inbox/pages/test_access.py"
SENDS = "tests/races/test_sends.py"
LOST_TIME = "tests/inbox/replying/test_lost_time.py"
SENDING = "tests/inbox/replying/test_sending.py"
UNDO = "tests/inbox/replying/test_undo_send.py"
SIGNED = "tests/webhooks/test_signed.py tests/webhooks/test_contract.py"
TENANTS = "tests/webhooks/test_tenants.py"
GATES = "tests/inbox/replying/test_gates.py"
CLAIMS = "tests/jobs/test_claim.py"
CLAIM_FUNCTION = "jobs/sql/claim.sql"
GATE, HOSTS = "tests/integrations/http/test_gate.py", "tests/integrations/http/test_hosts.py"
SAMPLES = "tests/webhooks/test_samples.py"
STEPS = "tests/inbox/followups/test_conditions.py tests/inbox/followups/test_sending.py"
SEND_CLAIMS = "tests/inbox/replying/test_send_claims.py"
FACTOR = "tests/races/test_second_factor.py"
TEAM = "tests/inbox/pages/desk/test_team.py"

EVENTS = "tests/inbox/events/test_delivery.py"
WALLS = "tests/api/test_walls.py"
PULLED, CHANGES = "tests/api/test_events.py", "tests/api/test_changes.py"
TENANCY = (
    (
        "api/base.py",
        "row = rows.filter(workspace=self.workspace, pk=pk).first()",
        "row = rows.filter(pk=pk).first()",
        WALLS,
    ),
    (
        "api/changes.py",
        "rows = rows.filter(workspace=workspace, changed_xid__lt=oldest)",
        "rows = rows.filter(changed_xid__lt=oldest)",
        WALLS,
    ),
    (
        "api/events.py",
        "events = Event.objects.filter(workspace=self.workspace)",
        "events = Event.objects.all()",
        PULLED,
    ),
    (
        "inbox/pages/access.py",
        ".filter(workspace_id=workspace_id, user=signed_in(request))",
        ".filter(workspace_id=workspace_id)",
        ACCESS,
    ),
    (
        "inbox/pages/access.py",
        "writing and not membership.at_least(MEMBER)",
        "False",
        ACCESS,
    ),
    ("inbox/pages/access.py", "if not membership.at_least(min_role) or (", "if (", ACCESS),
    (
        "inbox/pages/desk/all_matching.py",
        "return member if member and member.at_least(role) else None",
        "return member",
        "tests/inbox/pages/desk/test_all_matching.py",
    ),
    (
        "inbox/pages/desk/triage.py",
        "rows, name = Label.objects.filter(workspace=request.workspace),",
        "rows, name = Label.objects.all(),",
        "tests/inbox/pages/desk/test_over_all.py",
    ),
    (
        "insights/views/packs.py",
        "own_packs = ContextPack.objects.filter(workspace=request.workspace)",
        "own_packs = ContextPack.objects.all()",
        ACCESS,
    ),
    (
        "inbox/workspaces/own_and_shared.py",
        "return self.model._default_manager.filter(Q(owner=user) | Q(owner=None), workspace=workspace)",
        "return self.model._default_manager.filter(Q(owner=user) | Q(owner=None))",
        ACCESS,
    ),
    (
        "inbox/leads/assigning.py",
        "rows = Membership.objects.filter(workspace=workspace, **{by: membership_id})",
        "rows = Membership.objects.filter(**{by: membership_id})",
        TEAM,
    ),
    (
        "inbox/pages/team.py",
        "rows = [row for row in _memberships(request) if row.workspace_id == request.workspace.pk]",
        "rows = _memberships(request)",
        TEAM,
    ),
    (
        "inbox/leads/erasure.py",
        "WebhookDelivery.objects.filter(workspace_id=lead.workspace_id, lead=None, body__isnull=False)",
        "WebhookDelivery.objects.filter(lead=None, body__isnull=False)",
        "tests/inbox/leads/test_erasure.py",
    ),
    (
        "inbox/workspaces/accounts.py",
        "Integration.objects.filter(workspace_id=workspace_id, provider=provider)",
        "Integration.objects.filter(provider=provider)",
        "tests/inbox/replying/test_accounts.py",
    ),
    (
        "inbox/intake/handlers/buttons.py",
        ".filter(pk=key, workspace=received.workspace)",
        ".filter(pk=key)",
        "tests/webhooks/test_signed.py tests/inbox/replying/test_slack_cards.py",
    ),
    (
        "inbox/leads/folders.py",
        "FOLDERS[key].condition(ids), workspace__in=ids, last_message_at__isnull=False",
        "FOLDERS[key].condition(ids), last_message_at__isnull=False",
        "tests/inbox/pages/desk/test_conversation_list.py tests/inbox/pages/test_access.py",
    ),
    (
        "inbox/followups/by_hand.py",
        "filter(pk__in=ids, workspace=workspace)",
        "filter(pk__in=ids)",
        "tests/inbox/followups/test_page.py",
    ),
    (
        "inbox/intake/texts.py",
        ".filter(workspace=received.workspace, source=event.source)",
        ".filter(source=event.source)",
        "tests/webhooks/test_texts.py tests/webhooks/test_tenants.py",
    ),
    (
        "inbox/leads/identity.py",
        ".filter(are_named_by(identities), workspace=workspace)",
        ".filter(are_named_by(identities))",
        "tests/webhooks/test_tenants.py tests/webhooks/test_leads.py",
    ),
    (
        "inbox/leads/merge.py",
        "if keep.workspace_id != twin.workspace_id:",
        "if False:",
        "tests/inbox/leads/test_merge.py",
    ),
    (
        "inbox/pages/desk/search.py",
        "ours = Lead.objects.filter(workspace=workspace, last_message_at__isnull=False)",
        "ours = Lead.objects.filter(last_message_at__isnull=False)",
        "tests/inbox/pages/desk/test_search.py",
    ),
    (
        "inbox/leads/triage.py",
        ".filter(workspace=workspace, pk__in=replied_at)",
        ".filter(pk__in=replied_at)",
        "tests/inbox/leads/test_triage.py tests/inbox/pages/desk/test_triage.py",
    ),
    (
        "inbox/pages/conversation/answers.py",
        "get_object_or_404(drafts, workspace=request.workspace, pk=draft_id)",
        "get_object_or_404(drafts, pk=draft_id)",
        ACCESS,
    ),
    (
        "inbox/pages/conversation/answers.py",
        "get_object_or_404(sends, workspace=request.workspace, pk=send_id)",
        "get_object_or_404(sends, pk=send_id)",
        ACCESS,
    ),
    (
        "inbox/pages/conversation/conversation.py",
        "get_object_or_404(leads, workspace=request.workspace, pk=lead_id)",
        "get_object_or_404(leads, pk=lead_id)",
        ACCESS,
    ),
    (
        "inbox/pages/conversation/conversation.py",
        "get_object_or_404(Message, workspace=request.workspace, pk=message_id)",
        "get_object_or_404(Message, pk=message_id)",
        ACCESS,
    ),
    (
        "inbox/pages/operations/deliveries.py",
        "get_object_or_404(rows, pk=delivery_id, workspace=request.workspace)",
        "get_object_or_404(rows, pk=delivery_id)",
        ACCESS,
    ),
    (
        "inbox/pages/operations/deliveries.py",
        "deliveries = WebhookDelivery.objects.filter(workspace=request.workspace)",
        "deliveries = WebhookDelivery.objects.all()",
        "tests/inbox/pages/operations/test_deliveries.py",
    ),
    (
        "inbox/pages/followups/follow_ups.py",
        "get_object_or_404(waiting, pk=task_id, workspace=request.workspace)",
        "get_object_or_404(waiting, pk=task_id)",
        f"{ACCESS} tests/inbox/followups/test_approval.py",
    ),
    (
        "inbox/pages/followups/sequences.py",
        "get_object_or_404(FollowUpSequence, pk=sequence_id, workspace=request.workspace)",
        "get_object_or_404(FollowUpSequence, pk=sequence_id)",
        f"{ACCESS} tests/inbox/followups/test_page.py",
    ),
    (
        "inbox/pages/followups/sequences.py",
        "get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)",
        "get_object_or_404(Lead, pk=lead_id)",
        f"{ACCESS} tests/inbox/followups/test_page.py",
    ),
    (
        "inbox/webhooks/views.py",
        "if (stored_id and account_id and account_id != stored_id) or _names_another_workspace(received):",
        "if _names_another_workspace(received):",
        f"{TENANTS} tests/webhooks/test_contract.py",
    ),
    (
        "inbox/webhooks/views.py",
        "if (stored_id and account_id and account_id != stored_id) or _names_another_workspace(received):",
        "if stored_id and account_id and account_id != stored_id:",
        f"{TENANTS} tests/webhooks/test_contract.py",
    ),
)

CLAIM = (
    (
        "inbox/events/delivery.py",
        'heads = due.filter(~Exists(of_stream.filter(event_id__lt=OuterRef("event_id"))))',
        "heads = due",
        EVENTS,
    ),
    (
        "inbox/models/second_factor.py",
        "SecondFactor.objects.filter(pk=self.pk, last_step__lt=step)",
        "SecondFactor.objects.filter(pk=self.pk)",
        FACTOR,
    ),
    (
        "inbox/workspaces/second_factor.py",
        "SecondFactor.objects.select_for_update().filter(user=user, confirmed=True)",
        "SecondFactor.objects.filter(user=user, confirmed=True)",
        FACTOR,
    ),
    (
        "inbox/replying/undo.py",
        "claimed = counting.filter(state__in=COUNTING, called_at=None)",
        "claimed = counting.filter(state__in=COUNTING)",
        SENDS,
    ),
    (
        "inbox/replying/undo.py",
        "claimed = counting.filter(state__in=COUNTING, called_at=None)",
        "claimed = counting.filter(called_at=None)",
        UNDO,
    ),
    (
        "inbox/replying/send_claims.py",
        "run_at=send.send_at, anyway=anyway)",
        "anyway=anyway)",
        UNDO,
    ),
    (
        "inbox/replying/send_claims.py",
        "changed = OutboundSend.objects.filter(pk=send.pk, state=state).update(",
        "changed = OutboundSend.objects.filter(pk=send.pk).update(",
        SEND_CLAIMS,
    ),
    (
        "inbox/replying/send_claims.py",
        "filter(pk=send.pk, state=State.INTENT, called_at=None).delete()",
        "filter(pk=send.pk, state=State.INTENT).delete()",
        SEND_CLAIMS,
    ),
    (
        "inbox/replying/lost_time.py",
        "if send.lost_from is not None or covers(origin, send.created_at):",
        "if send.lost_from is not None:",
        SEND_CLAIMS,
    ),
    (
        "inbox/replying/review.py",
        "return held or (WROTE_AGAIN if wrote_during_countdown(send)",
        "return held or (WROTE_AGAIN if False",
        UNDO,
    ),
    (
        "inbox/replying/sending.py",
        "claimed = OutboundSend.objects.filter(pk=send.pk, state=State.INTENT, called_at=None).update(",
        "claimed = OutboundSend.objects.filter(pk=send.pk, state=State.INTENT).update(",
        SENDS,
    ),
    (
        "inbox/replying/sending.py",
        "claimed = OutboundSend.objects.filter(pk=send.pk, state=State.INTENT, called_at=None).update(",
        "claimed = OutboundSend.objects.filter(pk=send.pk, called_at=None).update(",
        SENDS,
    ),
    (
        "inbox/replying/autosend.py",
        "if goes_out and waiting.filter(held_by_person=False).update(send_at=planned_at):",
        "if goes_out and waiting.update(send_at=planned_at):",
        "tests/inbox/replying/test_autosend.py",
    ),
    (
        "inbox/replying/sending.py",
        "if send.counts_down and send.send_at is not None:",
        "if send.send_at is None and send.send_at is not None:",
        UNDO,
    ),
    (
        "inbox/replying/lost_time.py",
        "if origin is None or refusal(origin):",
        "if origin is None:",
        LOST_TIME,
    ),
    (
        "inbox/replying/sending.py",
        "if lost_time.doubtful(send, origin):",
        "if False:",
        LOST_TIME,
    ),
    (
        "inbox/replying/sending.py",
        "changed = OutboundSend.objects.filter(pk=send.pk, state__in=expected).update(",
        "changed = OutboundSend.objects.filter(pk=send.pk).update(",
        SENDS,
    ),
    (
        "inbox/replying/review.py",
        "workspace_id=draft.workspace_id, status=Status.PENDING)",
        "workspace_id=draft.workspace_id)",
        f"{SENDS} tests/inbox/pages/conversation/test_answers.py",
    ),
    (
        "inbox/replying/autosend.py",
        'if draft.status != Draft.Status.PENDING or draft.revision != ctx.payload["revision"]:',
        "if draft.status != Draft.Status.PENDING:",
        "tests/inbox/replying/test_autosend.py",
    ),
    (
        "inbox/replying/drafting.py",
        "if lead.is_stopped or (lead.last_inbound_at and lead.last_inbound_at > message.sent_at):",
        "if lead.is_stopped:",
        "tests/inbox/replying/test_drafting.py",
    ),
    (
        "inbox/replying/drafting.py",
        "pk=draft.pk, status=Draft.Status.PENDING, revision=draft.revision)",
        "pk=draft.pk)",
        "tests/inbox/replying/test_rewrites.py",
    ),
    (
        "inbox/followups/step_job.py",
        "if task.status != Status.CLAIMED or task.attempt != attempt:",
        "if False:",
        "tests/inbox/followups/test_sending.py tests/races/test_followups.py",
    ),
    (
        "inbox/pipeline/assignment.py",
        'locks.hold("assign", situation.workspace.pk)',
        "pass",
        "tests/races/test_assignment.py",
    ),
    (
        "inbox/pipeline/assignment.py",
        "unassigned = Lead.objects.filter(pk=situation.lead.pk, assigned_to=None)",
        "unassigned = Lead.objects.filter(pk=situation.lead.pk)",
        "tests/races/test_assignment.py",
    ),
    (
        "inbox/pipeline/assignment.py",
        'members.order_by(F("last_assigned_at").asc(nulls_first=True), "pk")',
        'members.order_by("pk")',
        "tests/races/test_assignment.py",
    ),
    (
        "inbox/workspaces/accounts.py",
        "if not account.enabled:",
        "if False:",
        "tests/inbox/replying/test_accounts.py",
    ),
    (
        "inbox/workspaces/accounts.py",
        "rows = [account for account in rows if account.pk in brought_by]",
        "pass",
        "tests/inbox/replying/test_accounts.py",
    ),
    (
        "inbox/workspaces/accounts.py",
        'rows = [account for account in rows if account.external_account_id in (message.account_id, "")]',
        "pass",
        "tests/inbox/replying/test_accounts.py",
    ),
)

FENCE = (
    (
        "inbox/events/delivery.py",
        "if not held.update(finished_at=Now(), token=None, **facts):",
        "if held.update(finished_at=Now(), token=None, **facts) < 0:",
        EVENTS,
    ),
    (
        "jobs/context.py",
        "WHERE id = %(job)s AND lease_token = %(token)s AND status = 'running' FOR NO KEY UPDATE",
        "WHERE id = %(job)s AND status = 'running' FOR NO KEY UPDATE",
        "tests/jobs/test_steps.py",
    ),
    (
        "jobs/queue.py",
        "filter(pk=job_id, lease_token=token, status=Status.RUNNING)",
        "filter(pk=job_id, status=Status.RUNNING)",
        "tests/jobs/test_steps.py tests/jobs/test_drain.py tests/jobs/test_claim.py",
    ),
    (
        "jobs/queue.py",
        "claimed.filter(started_at=None).update(",
        "claimed.update(",
        "tests/jobs/test_claim.py tests/jobs/test_lost_workers.py tests/jobs/test_drain.py",
    ),
    (
        "jobs/context.py",
        "if not queue.holds(self.job.pk, self._token):",
        "if False:",
        "tests/jobs/test_steps.py",
    ),
    (
        "jobs/ticks.py",
        "WHERE (t.lease_expires_at IS NULL OR t.lease_expires_at < statement_timestamp())",
        "WHERE true",
        "tests/jobs/test_ticks.py tests/races/test_jobs.py",
    ),
    (
        "jobs/ticks.py",
        "AND (%(requested)s OR t.slot < EXCLUDED.slot)",
        "AND (%(requested)s OR true)",
        "tests/jobs/test_ticks.py",
    ),
)

OPT_OUT = (
    (
        "inbox/intake/tagging.py",
        "elif tag != Tag.BLACKLIST and (lead.is_stopped or lead.suspected or suspicion.of(reply)):",
        "elif False:",
        "tests/inbox/pages/desk/test_triage.py",
    ),
    ("inbox/replying/send_claims.py", "if lead.opted_out_at is not None:", "if False:", SENDING),
    ("inbox/replying/send_claims.py", "if lead.erasing_at is not None:", "if False:", SEND_CLAIMS),
    (
        "inbox/followups/conditions.py",
        "if case.step.channel in case.lead.refused_channels:",
        "if False:",
        STEPS,
    ),
    (
        "inbox/pipeline/skip_conditions.py",
        "lambda s: s.channel in s.lead.refused_channels",
        "lambda s: False",
        "tests/inbox/pipeline/test_table.py",
    ),
    (
        "inbox/replying/send_claims.py",
        "why = erased.reason(lead, send.recipients) or refused_addresses.reason(send, lead)",
        "why = refused_addresses.reason(send, lead)",
        "tests/inbox/leads/test_erasure.py",
    ),
    (
        "inbox/replying/send_claims.py",
        "why = erased.reason(lead, send.recipients) or refused_addresses.reason(send, lead)",
        "why = erased.reason(lead, send.recipients)",
        "tests/inbox/pipeline/test_channels.py",
    ),
    (
        "inbox/leads/refused_addresses.py",
        "        _ask_a_person(message)",
        "        pass",
        "tests/inbox/pipeline/test_channels.py",
    ),
    (
        "inbox/leads/identity.py",
        "erased.hold(lead, workspace)",
        "pass",
        "tests/inbox/leads/test_erasure.py",
    ),
    (
        "inbox/intake/messages.py",
        "(marked & ids and (marked & people or not people))",
        "(marked & ids)",
        "tests/inbox/leads/test_erasure.py",
    ),
    (
        "inbox/leads/erasure.py",
        "if in_flight.exists():",
        "if False:",
        "tests/inbox/leads/test_erasure.py",
    ),
    (
        "inbox/replying/send_claims.py",
        "if lead.bounced_at is not None and channel == Channel.EMAIL:",
        "if False:",
        "tests/inbox/pages/conversation/test_answers.py",
    ),
    (
        "inbox/replying/send_claims.py",
        "return variables.unfilled(text) or variables.unfilled(subject, received=theirs)",
        "return variables.unfilled(subject, received=theirs)",
        SENDING,
    ),
    (
        "inbox/replying/send_claims.py",
        "return variables.unfilled(text) or variables.unfilled(subject, received=theirs)",
        "return variables.unfilled(text)",
        SENDING,
    ),
    (
        "inbox/replying/send_claims.py",
        "if channel in lead.refused_channels:",
        "if False:",
        "tests/webhooks/test_stop_and_start.py tests/webhooks/test_optouts.py tests/inbox/pipeline/test_channels.py",
    ),
    (
        "inbox/replying/sending.py",
        "if why := answered or blocked or send_claims.vetoed(send, lead):",
        "if why := answered or send_claims.vetoed(send, lead):",
        SENDING,
    ),
    (
        "inbox/replying/sending.py",
        "if why := answered or blocked or send_claims.vetoed(send, lead):",
        "if why := answered or blocked:",
        f"{STEPS} tests/inbox/replying/test_autosend.py",
    ),
    (
        "inbox/leads/stops.py",
        "lead_stopped.send(Lead, lead=lead, reason=reason)",
        "pass",
        STEPS,
    ),
    (
        "inbox/leads/stops.py",
        "    stop_campaigns(lead, anew=anew)",
        "    pass",
        "tests/webhooks/test_optouts.py",
    ),
    (
        "inbox/leads/stops.py",
        "    close_drafts(Draft.objects.filter(lead=lead), reason)",
        "    pass",
        "tests/webhooks/test_optouts.py tests/inbox/pipeline/test_stops.py",
    ),
    (
        "inbox/followups/receivers.py",
        "plan.finish_all(lead, Status.STOPPED, reason)",
        "pass",
        STEPS,
    ),
    (
        "inbox/followups/conditions.py",
        "if case.lead.is_stopped or case.lead.tag == Tag.BLACKLIST:",
        "if False:",
        STEPS,
    ),
    ("inbox/replying/gates.py", "if e.lead.opted_out_at is not None:", "if False:", GATES),
    # nothing goes out to a sample, and nobody outside hears of it
    ("inbox/replying/send_claims.py", "if lead.sample:", "if False:", SAMPLES),
    ("inbox/replying/gates.py", "if e.lead.sample:", "if False:", SAMPLES),
    ("inbox/leads/stops.py", "if lead.sample:", "if False:", SAMPLES),
    ("inbox/pipeline/table.py", "True, (when.SAMPLE, *skipped_for)", "True, skipped_for", SAMPLES),
    (
        "inbox/sql/samples.sql",
        "WHERE id = NEW.lead_id AND sample",
        "WHERE false",
        SAMPLES,
    ),
    (
        "inbox/intake/receipt.py",
        "integration=None if received.sample else received.integration,",
        "integration=received.integration,",
        SAMPLES,
    ),
)

CAP = (
    (
        "inbox/replying/autosend.py",
        'locks.hold("autosend", draft.workspace_id)',
        "pass",
        SENDS,
    ),
    ("inbox/replying/gates.py", "return GateVerdict(count < cap,", "return GateVerdict(True,", GATES),
    ("inbox/replying/gates.py", "        approved_by=None,", "", GATES),
    (
        CLAIM_FUNCTION,
        "WHERE (used < own OR free > 0) AND (NOT half OR used < greatest(total / 2, 1))",
        "WHERE (NOT half OR used < greatest(total / 2, 1))",
        CLAIMS,
    ),
    (
        CLAIM_FUNCTION,
        "WHERE (used < own OR free > 0) AND (NOT half OR used < greatest(total / 2, 1))",
        "WHERE (used < own OR free > 0)",
        CLAIMS,
    ),
    (
        CLAIM_FUNCTION,
        "CASE WHEN places < few_places THEN 0 ELSE greatest(places / 9, 1) END AS set_aside,",
        "0 AS set_aside,",
        CLAIMS,
    ),
    (
        CLAIM_FUNCTION,
        "ORDER BY CASE WHEN aged THEN extract(epoch FROM min(run_at) - moment) / promise_s END, rank LIMIT 1",
        "ORDER BY CASE WHEN aged THEN 0 END, rank LIMIT 1",
        CLAIMS,
    ),
    (
        CLAIM_FUNCTION,
        "WHERE coalesce(busy.places, 0) < coalesce(cap.max_workers, most)",
        "WHERE coalesce(busy.places, 0) < coalesce(cap.max_workers, alive.total)",
        CLAIMS,
    ),
)

SIGNATURE = (
    (
        "integrations/calendly/signature.py",
        "if abs(int(times[0]) - now.timestamp()) > TOLERANCE_S:",
        "if False:",
        "tests/integrations/calendly/test_signature.py",
    ),
    (
        "integrations/calendly/signature.py",
        "return any(hmac.compare_digest(text, form) for text in signatures[:4] for form in forms)",
        "return True",
        "tests/integrations/calendly/test_signature.py",
    ),
    (
        "integrations/clay/signature.py",
        'matches = hmac.compare_digest(signature.lower().removeprefix("sha256=").encode(), signed.encode())',
        "matches = True",
        "tests/integrations/clay/test_signature.py",
    ),
    (
        "integrations/slack/signature.py",
        "return SignatureVerifier(secret, _At(now)).is_valid_request(raw, dict(headers))",
        "return True",
        "tests/integrations/slack/test_signature.py",
    ),
    (
        "inbox/webhooks/views.py",
        "if accepts and not accepts(integration.credentials, body(), request.headers, timezone.now()):",
        "if False:",
        SIGNED,
    ),
    (
        "inbox/webhooks/views.py",
        "if not row.is_usable or row.integration.provider != self.source.provider:",
        "if not row.is_usable:",
        f"{TENANTS} {SIGNED}",
    ),
    (
        "inbox/webhooks/views.py",
        "if not row.is_usable or row.integration.provider != self.source.provider:",
        "if row.integration.provider != self.source.provider:",
        f"{TENANTS} {SIGNED}",
    ),
    (
        "integrations/ghl/signature.py",
        'key.verify(base64.b64decode(headers.get(HEADER, ""), validate=True), raw)',
        "pass",
        "tests/integrations/ghl/test_signature.py",
    ),
)

HOST = (
    (
        "integrations/http/transport.py",
        'check_url(self.provider, request.url or "", guard.workspace_id if guard else None)',
        "pass",
        GATE,
    ),
    (
        "integrations/http/transport.py",
        "            check_address(address[0], port)",
        "            pass",
        HOSTS,
    ),
    ("integrations/http/hosts.py", 'if address.scheme != "https":', "if False:", f"{GATE} {HOSTS}"),
    ("integrations/http/hosts.py", "    if not places:", "    if False:", f"{GATE} {HOSTS}"),
    (
        "integrations/http/hosts.py",
        "if address.port != HTTPS and not any(address.port in place.ports for place in places):",
        "if False:",
        f"{GATE} {HOSTS}",
    ),
    (
        "integrations/http/hosts.py",
        'if f".{address.host}".endswith(f".{place.host}")',
        "if address.host.endswith(place.host)",
        HOSTS,
    ),
    (
        "integrations/http/hosts.py",
        "if not ip.is_global or ip.is_multicast or ip.is_reserved or any(ip in network for network in SPECIAL):",
        "if False:",
        HOSTS,
    ),
)

OTHERS = (
    (
        "api/changes.py",
        "rows = rows.filter(workspace=workspace, changed_xid__lt=oldest)",
        "rows = rows.filter(workspace=workspace)",
        CHANGES,
    ),
    ("api/events.py", "rows = events.filter(xid__lt=oldest)", "rows = events.filter()", PULLED),
    (
        "api/repeating.py",
        "if row.body_hash != body_hash:",
        "if False:",
        "tests/api/test_repeating.py",
    ),
    (
        "inbox/sql/mark_changes.sql",
        "NEW.change_began_at := transaction_timestamp();",
        "NEW.change_began_at := clock_timestamp();",
        CHANGES,
    ),
    (
        "inbox/pages/desk/all_matching.py",
        "self.leads = self.now.exclude(pk__in=changed(request.workspace.pk, mark))",
        "self.leads = self.now",
        "tests/inbox/pages/desk/test_all_matching.py",
    ),
    (
        "inbox/replying/gates.py",
        "    if e.lead.suspected:",
        "    if False:",
        GATES,
    ),
    (
        "inbox/replying/gates.py",
        "    if settings.AUTO_SEND_DISABLED:",
        "    if False:",
        GATES,
    ),
    (
        "inbox/replying/gates.py",
        "    if e.draft.channel == Channel.LINKEDIN:",
        "    if False:",
        GATES,
    ),
    (
        "inbox/replying/review.py",
        "if seen_at is not None and wrote_since(lead, seen_at):",
        "if False:",
        "tests/inbox/pages/conversation/test_answers.py",
    ),
    (
        "inbox/followups/conditions.py",
        "    if case.workspace.sends_paused:",
        "    if False:",
        STEPS,
    ),
)

_BY_KIND = {
    "tenancy": TENANCY,
    "claim": CLAIM,
    "fence": FENCE,
    "opt-out": OPT_OUT,
    "cap": CAP,
    "signature": SIGNATURE,
    "host": HOST,
    OTHER: OTHERS,
}
GUARDS = [Guard(kind, *row) for kind, rows in _BY_KIND.items() for row in rows]

CAMPAIGN = "-m tests.campaign --short --only holdfast --harms 0 --untimed --seeds 1"
_REACHED = (
    (
        "inbox/intake/messages.py",
        "if created or event.listed or message.external_id != external_id or _same(message, event, fingerprint):",
        "if created:",
    ),
    (
        "inbox/intake/receipt.py",
        "if not last and (fault is Fault.RETRY or isinstance(error, IntegrityError)):",
        "if False:",
    ),
    (
        "inbox/leads/identity.py",
        ".filter(are_named_by(identities), workspace=workspace)",
        ".filter(are_named_by(identities))",
    ),
    ("inbox/replying/sending.py", "elif sent is None:", "elif False:"),
    (
        "inbox/workspaces/accounts.py",
        "Integration.objects.filter(workspace_id=workspace_id, provider=provider)",
        "Integration.objects.filter(provider=provider)",
    ),
    ("insights/pack_building.py", "workspace_id=pack.workspace_id,", ""),
    ("integrations/health/writer.py", "if kind is SignalKind.REFUSED:", "if False:"),
    ("integrations/health/writer.py", "if kind in HEALED_BY:", "if False:"),
    (
        "integrations/http/session.py",
        "ProviderTimeout(self.provider, code=guard.phase, sent=None if guard.started else False)",
        "ProviderTimeout(self.provider, code=guard.phase, sent=False)",
    ),
    (
        "integrations/http/session.py",
        "ProviderUnreachable(self.provider, code=guard.phase, sent=None if guard.started else False)",
        "ProviderUnreachable(self.provider, code=guard.phase, sent=False)",
    ),
)
REACHED = [Guard("campaign", *row, CAMPAIGN) for row in _REACHED]
"""Guards whose case the campaign provokes: a race, an account with the same ids, a call without an answer."""
