-- Marks each row with the transaction that changed it last, so that a program that asks for changes is told all of them
-- (api/changes.py). The number orders changes as no clock does: a reader that stops before the oldest transaction that
-- still runs misses none. A row keeps a higher number, of a transaction that began later and ended before. `UPDATE … SET` by
-- any writer counts, and no transaction waits for another here.
--
-- A program is shown when the transaction began, and what has changed since then is found by the time of each write. A
-- transaction that was held back from a list got its number after that of the list's last row, so it wrote later than
-- that row's transaction began.
CREATE OR REPLACE FUNCTION inbox_mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := greatest(pg_current_xact_id()::text::bigint, NEW.changed_xid);
    NEW.changed_at := clock_timestamp();
    NEW.change_began_at := transaction_timestamp();
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER draft_is_marked BEFORE INSERT OR UPDATE ON inbox_draft
FOR EACH ROW EXECUTE FUNCTION inbox_mark_changed();

CREATE OR REPLACE TRIGGER lead_is_marked BEFORE INSERT OR UPDATE ON inbox_lead
FOR EACH ROW EXECUTE FUNCTION inbox_mark_changed();

CREATE OR REPLACE TRIGGER message_is_marked BEFORE INSERT OR UPDATE ON inbox_message
FOR EACH ROW EXECUTE FUNCTION inbox_mark_changed();
