-- Stores on each waiting lead when its answer is due (answer_by), and when members are warned of that (warn_at).
--
-- Both times follow from the lead's columns, its labels, and its workspace's promises (inbox_workspace.promises, by tag
-- or by a label's id) and business hours, so every statement that writes a lead or its labels keeps them right. The
-- shortest promise counts. A lead without a promise is due after a day, and nobody is warned: warn_at is NULL. When the
-- warnings are over, warn_at is answer_by; at most two people are warned of a reply (answer_promises.PEOPLE). A snoozed
-- lead waits from the end of its snooze. After a change of promises or hours, the job `lead.promises` updates the leads
-- that wait.
CREATE OR REPLACE FUNCTION inbox_after_office_time(
    since timestamptz, wait interval, zone text, opens time, closes time
) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date;
    start timestamptz;
    stop timestamptz;
BEGIN
    day := (since AT TIME ZONE zone)::date;
    FOR days IN 0..1000 LOOP
        start := greatest((day + days + opens) AT TIME ZONE zone, since);
        stop := (day + days + closes) AT TIME ZONE zone;
        IF extract(isodow FROM day + days) < 6 AND start < stop THEN
            IF wait <= stop - start THEN
                RETURN start + wait;
            END IF;
            wait := wait - (stop - start);
        END IF;
    END LOOP;
    RETURN since + wait;
EXCEPTION WHEN invalid_parameter_value THEN  -- a time zone that PostgreSQL does not have must stop no reply
    RETURN since + wait;
END
$$;

CREATE OR REPLACE FUNCTION inbox_promise_answer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := greatest(NEW.last_inbound_at, NEW.snoozed_until);
    place record;
    wait interval;
BEGIN
    NEW.answer_by := NULL;
    IF NEW.needs_reply THEN
        SELECT timezone, opens_at, closes_at, promises INTO place FROM inbox_workspace WHERE id = NEW.workspace_id;
        SELECT min(minutes::int) * interval '1 minute' INTO wait
            FROM jsonb_each_text(place.promises) AS promise (name, minutes)
            WHERE name = NEW.tag OR name = 'HOT' AND NEW.score >= 3
                OR name IN (SELECT label_id::text FROM inbox_leadlabel WHERE lead_id = NEW.id AND state = 'on');
        NEW.answer_by := CASE WHEN wait IS NULL THEN since + interval '1 day'
            ELSE inbox_after_office_time(since, wait, place.timezone, place.opens_at, place.closes_at) END;
    END IF;
    IF NOT NEW.needs_reply OR NEW.last_inbound_at IS DISTINCT FROM OLD.last_inbound_at THEN
        NEW.warned_ids := '{}';
    END IF;
    IF wait IS NULL THEN
        NEW.warn_at := NULL;
    ELSIF NEW.warn_at IS NULL OR NEW.answer_by IS DISTINCT FROM OLD.answer_by THEN
        NEW.warn_at := CASE WHEN cardinality(NEW.warned_ids) >= 2 THEN NEW.answer_by
            ELSE inbox_after_office_time(since, wait / 2, place.timezone, place.opens_at, place.closes_at) END;
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER lead_is_promised BEFORE INSERT OR UPDATE ON inbox_lead
    FOR EACH ROW EXECUTE FUNCTION inbox_promise_answer();

CREATE OR REPLACE FUNCTION inbox_promise_by_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 'on' IN (OLD.state, NEW.state) AND EXISTS (
        SELECT FROM inbox_workspace WHERE id = coalesce(NEW.workspace_id, OLD.workspace_id)
            AND promises ?| ARRAY[OLD.label_id::text, NEW.label_id::text]
    ) THEN
        UPDATE inbox_lead SET needs_reply = true WHERE id IN (OLD.lead_id, NEW.lead_id) AND needs_reply;
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER label_is_promised AFTER INSERT OR DELETE OR UPDATE OF state, label_id, lead_id ON inbox_leadlabel
    FOR EACH ROW EXECUTE FUNCTION inbox_promise_by_label();
