-- How many objects each principal asked for that it had not touched before in this log, by day: a rise is a change of
-- habit. What an answer had listed before counts as touched.
WITH first AS (
    SELECT auscult_principal_id AS principal, object_id, arg_min(object_where, (timestamp, object_where = 'response')) AS place,
           min(timestamp)::DATE AS day
    FROM touches WHERE auscult_principal_id IS NOT NULL GROUP BY ALL)
SELECT day, principal, count(*) AS first_contacts FROM first WHERE place <> 'response'
GROUP BY ALL ORDER BY first_contacts DESC, day, principal LIMIT 100;
