-- The database refuses a send to a sample, and a person's lead that would become a sample. The claim and a gate refuse
-- first, in words. This holds whatever code makes the row.
CREATE OR REPLACE FUNCTION inbox_refuse_send_to_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM inbox_lead WHERE id = NEW.lead_id AND sample) THEN
        RAISE EXCEPTION 'nothing is sent to a sample' USING ERRCODE = 'check_violation',
            TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE FUNCTION inbox_refuse_becoming_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a lead is a sample from its first row on' USING ERRCODE = 'check_violation',
        TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END
$$;
CREATE OR REPLACE TRIGGER send_to_a_person BEFORE INSERT OR UPDATE OF lead_id ON inbox_outboundsend
    FOR EACH ROW EXECUTE FUNCTION inbox_refuse_send_to_sample();
CREATE OR REPLACE TRIGGER lead_stays_a_person BEFORE UPDATE OF sample ON inbox_lead
    FOR EACH ROW WHEN (NEW.sample AND NOT OLD.sample) EXECUTE FUNCTION inbox_refuse_becoming_sample();
