-- Principals who go through the objects of one route, each once and at a steady pace, as a script does. Pseudonyms do not
-- tell whether numbers run one after another: the alerts sequential_enumeration do.
WITH steps AS (
    SELECT auscult_principal_id AS principal, http_request_method || ' ' || http_route AS endpoint, object_id, timestamp,
           epoch_ns(timestamp) - epoch_ns(lag(timestamp) OVER (PARTITION BY auscult_principal_id, http_request_method, http_route ORDER BY timestamp)) AS gap
    FROM touches WHERE object_where = 'path' AND auscult_principal_id IS NOT NULL)
SELECT principal, endpoint, count(*) AS steps, count(DISTINCT object_id) AS objects, round(median(gap) / 1e9, 3) AS median_gap_s,
       min(timestamp) AS first, max(timestamp) AS last
FROM steps GROUP BY ALL HAVING count(*) >= 20 AND count(DISTINCT object_id) >= 0.9 * count(*)
ORDER BY objects DESC, principal, endpoint;
