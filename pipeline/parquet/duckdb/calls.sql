-- The call log as a view. Run in the case folder, before any of the others: duckdb -init calls.sql
-- date and hour are those in which a call was over (UTC); a condition on them reads only those files.
CREATE OR REPLACE VIEW calls AS
SELECT * REPLACE (make_timestamp_ns(epoch_ns(timestamp)) AS timestamp) -- UTC, whatever the session's zone is
FROM read_parquet('calls/*/*/*.parquet', hive_partitioning = true, hive_types = {'date': DATE, 'hour': INTEGER});

-- One row for each identifier that a request named or its answer held.
CREATE OR REPLACE VIEW touches AS
SELECT * EXCLUDE (auscult_objects, o), o.type AS object_type, o.id AS object_id, o."where" AS object_where
FROM (SELECT *, unnest(auscult_objects) AS o FROM calls);
