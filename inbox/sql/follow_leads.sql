-- Keeps what changed for leads lately, so that open pages learn of it by one look at an index (inbox.models.LeadChange).
--
-- Each transaction that changes a lead, its messages, notes, drafts or sends adds one row for the lead, in the statement
-- that it runs anyway. Rows are only added, so no two transactions wait for each other here.
CREATE OR REPLACE FUNCTION inbox_lead_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_leadchange (workspace_id, xid, lead_id)
        VALUES (NEW.workspace_id, pg_current_xact_id()::text::bigint, NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION inbox_of_lead_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_leadchange (workspace_id, xid, lead_id)
        VALUES (NEW.workspace_id, pg_current_xact_id()::text::bigint, NEW.lead_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER lead_is_followed AFTER INSERT OR UPDATE ON inbox_lead
    FOR EACH ROW EXECUTE FUNCTION inbox_lead_changed();
CREATE OR REPLACE TRIGGER message_is_followed AFTER INSERT OR UPDATE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
CREATE OR REPLACE TRIGGER draft_is_followed AFTER INSERT OR UPDATE ON inbox_draft
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
CREATE OR REPLACE TRIGGER send_is_followed AFTER INSERT OR UPDATE ON inbox_outboundsend
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
CREATE OR REPLACE TRIGGER note_is_followed AFTER INSERT OR UPDATE ON inbox_note
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();

-- A lead also changes when a message goes, or moves to another lead.
CREATE OR REPLACE FUNCTION inbox_message_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_leadchange (workspace_id, xid, lead_id)
        VALUES (OLD.workspace_id, pg_current_xact_id()::text::bigint, OLD.lead_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER message_has_left AFTER DELETE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_message_left();
CREATE OR REPLACE TRIGGER message_has_moved AFTER UPDATE OF lead_id ON inbox_message
    FOR EACH ROW WHEN (OLD.lead_id IS DISTINCT FROM NEW.lead_id) EXECUTE FUNCTION inbox_message_left();
