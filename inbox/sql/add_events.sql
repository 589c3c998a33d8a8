-- Writes the events for programs (inbox.models.Event), each in the transaction of its change, and one waiting attempt
-- for each endpoint of the workspace that wants it, also one that is off. Rows hold ids and states, never people's text.
--
-- `lead`: the lead, if there is one. `subject`: the row that the event concerns without one. The id is a UUID of
-- version 7 with microseconds, as that of jobs.ids. A lead's row is locked until the transaction ends, and holds the
-- highest number of a transaction that wrote an event of the lead, so the events of a lead sort in the order of their
-- changes, by ids and by numbers: a transaction that began before another may change the lead after it, and then takes
-- its number. A writer that locks other rows, too, locks the lead first.
CREATE OR REPLACE FUNCTION inbox_add_event(tenant uuid, kind text, lead uuid, subject uuid, details jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number bigint := pg_current_xact_id()::text::bigint;
    marked bigint;
    moment timestamptz;
    us bigint;
    event uuid;
BEGIN
    IF EXISTS (SELECT FROM inbox_lead WHERE id = lead AND sample) THEN
        RETURN;
    END IF;
    SELECT changed_xid INTO marked FROM inbox_lead WHERE id = lead;
    IF marked <> number THEN
        UPDATE inbox_lead SET changed_at = clock_timestamp() WHERE id = lead RETURNING changed_xid INTO marked;
    END IF;
    moment := clock_timestamp();
    us := floor(extract(epoch FROM moment) * 1000000)::bigint;
    event := (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
        || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid;
    INSERT INTO inbox_event (id, workspace_id, type, lead_id, xid, data, created_at)
        VALUES (event, tenant, kind, lead, greatest(number, marked), details, moment);
    -- The lock passes over an endpoint that is being deleted, and waits for nothing.
    INSERT INTO integrations_webhookattempt (endpoint_id, event_id, stream)
        SELECT e.id, event, coalesce(lead, subject) FROM integrations_webhookendpoint e
        WHERE e.workspace_id = tenant
            AND CASE kind WHEN 'endpoint.test' THEN e.id = subject ELSE e.events && ARRAY[kind, '*']::varchar[] END
        FOR KEY SHARE SKIP LOCKED;
END
$$;

CREATE OR REPLACE FUNCTION inbox_event_of_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.created', NEW.id, NEW.id, '{}');
    END IF;
    IF NEW.tag <> coalesce(OLD.tag, 'New') THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.tagged', NEW.id, NEW.id,
            jsonb_build_object('tag', NEW.tag, 'previousTag', coalesce(OLD.tag, 'New')));
    END IF;
    IF NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.assigned', NEW.id, NEW.id,
            jsonb_build_object('assignedTo', NEW.assigned_to_id));
    END IF;
    IF NEW.opted_out_at IS NOT NULL AND OLD.opted_out_at IS NULL THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.opted_out', NEW.id, NEW.id, '{}');
    END IF;
    IF NEW.bounced_at IS NOT NULL AND OLD.bounced_at IS NULL THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.bounced', NEW.id, NEW.id, '{}');
    END IF;
    IF NEW.needs_reply AND NOT coalesce(OLD.needs_reply, false) THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.waiting', NEW.id, NEW.id, '{}');
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER lead_is_new AFTER INSERT ON inbox_lead
    FOR EACH ROW EXECUTE FUNCTION inbox_event_of_lead();
CREATE OR REPLACE TRIGGER lead_is_different AFTER UPDATE ON inbox_lead FOR EACH ROW
    WHEN (NEW.tag <> OLD.tag OR NEW.needs_reply <> OLD.needs_reply
        OR NEW.assigned_to_id IS DISTINCT FROM OLD.assigned_to_id
        OR NEW.opted_out_at IS DISTINCT FROM OLD.opted_out_at OR NEW.bounced_at IS DISTINCT FROM OLD.bounced_at)
    EXECUTE FUNCTION inbox_event_of_lead();

-- A suggestion causes no event. Each decision writes the lead's row, so that pages and programs that follow leads read
-- its labels again.
CREATE OR REPLACE FUNCTION inbox_event_of_label() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stands boolean := NEW.state = 'on';
    stood boolean := coalesce(OLD.state = 'on', false);
BEGIN
    UPDATE inbox_lead SET changed_at = clock_timestamp() WHERE id = NEW.lead_id;
    IF stands <> stood OR stands AND (NEW.lead_id, NEW.label_id) IS DISTINCT FROM (OLD.lead_id, OLD.label_id) THEN
        PERFORM inbox_add_event(NEW.workspace_id, 'lead.labelled', NEW.lead_id, NEW.id,
            jsonb_build_object('labelId', NEW.label_id, 'on', stands,
                'label', (SELECT name FROM inbox_label WHERE id = NEW.label_id)));
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER label_is_decided AFTER INSERT OR UPDATE ON inbox_leadlabel
    FOR EACH ROW EXECUTE FUNCTION inbox_event_of_label();

CREATE OR REPLACE FUNCTION inbox_event_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id,
        CASE NEW.direction WHEN 'inbound' THEN 'message.received' ELSE 'message.sent' END, NEW.lead_id, NEW.id,
        jsonb_build_object('messageId', NEW.id, 'channel', NEW.channel, 'sentAt', NEW.sent_at));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER message_is_new AFTER INSERT ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_event_of_message();

CREATE OR REPLACE FUNCTION inbox_event_of_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id,
        CASE WHEN TG_OP = 'INSERT' THEN 'draft.created' WHEN NEW.status = 'approved' THEN 'draft.approved'
            ELSE 'draft.discarded' END, NEW.lead_id, NEW.id,
        jsonb_build_object('draftId', NEW.id, 'channel', NEW.channel, 'revision', NEW.revision,
            'messageId', NEW.trigger_message_id));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER draft_is_new AFTER INSERT ON inbox_draft
    FOR EACH ROW EXECUTE FUNCTION inbox_event_of_draft();
CREATE OR REPLACE TRIGGER draft_is_decided AFTER UPDATE ON inbox_draft FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND NEW.status IN ('approved', 'rejected'))
    EXECUTE FUNCTION inbox_event_of_draft();

CREATE OR REPLACE FUNCTION inbox_event_of_send() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id,
        CASE WHEN OLD.state = 'unknown' THEN 'send.settled' ELSE 'send.' || NEW.state END, NEW.lead_id, NEW.id,
        jsonb_build_object('sendId', NEW.id, 'channel', NEW.channel, 'state', NEW.state, 'draftId', NEW.draft_id));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER send_has_ended AFTER UPDATE ON inbox_outboundsend FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state IN ('sent', 'failed', 'unknown'))
    EXECUTE FUNCTION inbox_event_of_send();

-- A meeting takes place while it is booked with a time of booking. One at another time in its place was moved.
CREATE OR REPLACE FUNCTION inbox_event_of_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stands boolean := NEW.status = 'booked' AND NEW.booked_at IS NOT NULL;
    stood boolean := coalesce(OLD.status = 'booked' AND OLD.booked_at IS NOT NULL, false);
    kind text := CASE
        WHEN NEW.status = 'cancelled' AND OLD.status IS DISTINCT FROM 'cancelled' THEN 'meeting.cancelled'
        WHEN stands AND NOT stood AND NEW.replaces_id = '' THEN 'meeting.booked'
        WHEN stands AND (NOT stood OR NEW.starts_at IS DISTINCT FROM OLD.starts_at) THEN 'meeting.moved' END;
BEGIN
    IF kind IS NOT NULL THEN
        PERFORM inbox_add_event(NEW.workspace_id, kind, NEW.lead_id, NEW.id,
            jsonb_build_object('meetingId', NEW.id, 'startsAt', NEW.starts_at, 'endsAt', NEW.ends_at));
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER meeting_is_different AFTER INSERT OR UPDATE ON inbox_appointment
    FOR EACH ROW EXECUTE FUNCTION inbox_event_of_meeting();

CREATE OR REPLACE FUNCTION inbox_event_of_followup() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id, 'followup.finished', NEW.lead_id, NEW.id,
        jsonb_build_object('followupId', NEW.id, 'sequenceId', NEW.sequence_id, 'state', NEW.status));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER followup_has_ended AFTER UPDATE ON inbox_followupinstance FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND NEW.status IN ('completed', 'stopped'))
    EXECUTE FUNCTION inbox_event_of_followup();

CREATE OR REPLACE FUNCTION inbox_event_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id,
        CASE NEW.state WHEN 'disconnected' THEN 'account.disconnected' ELSE 'account.recovered' END,
        NULL, NEW.integration_id,
        jsonb_build_object('accountId', NEW.integration_id, 'provider', NEW.provider));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER account_is_different AFTER UPDATE ON integrations_workspaceintegrationhealth FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND (NEW.state = 'disconnected'
        OR NEW.state = 'connected' AND OLD.state = 'disconnected'))
    EXECUTE FUNCTION inbox_event_of_account();

CREATE OR REPLACE FUNCTION inbox_event_of_endpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_add_event(NEW.workspace_id, 'endpoint.disabled', NULL, NEW.id,
        jsonb_build_object('endpointId', NEW.id, 'reason', NEW.disabled_for));
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER endpoint_is_off AFTER UPDATE ON integrations_webhookendpoint FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL) EXECUTE FUNCTION inbox_event_of_endpoint();
