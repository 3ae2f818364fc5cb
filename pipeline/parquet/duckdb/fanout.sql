-- How many different patients and records each principal asked for in each hour, most first.
SELECT date, hour, auscult_principal_id AS principal, count(DISTINCT object_id) AS asked_for,
       count(DISTINCT object_id) FILTER (http_response_status_code BETWEEN 200 AND 299) AS got
FROM touches
WHERE object_where <> 'response' AND auscult_principal_id IS NOT NULL
GROUP BY ALL ORDER BY asked_for DESC, date, hour, principal LIMIT 100;
