-- Who was refused, where, and what share of their calls there: probing shows as many refusals over many objects.
SELECT auscult_principal_id AS principal, http_request_method AS method, http_route AS route, count(*) AS asked,
       count(*) FILTER (http_response_status_code IN (401, 403, 404, 410)) AS refused, round(refused / asked, 3) AS share
FROM calls GROUP BY ALL HAVING refused > 0 ORDER BY refused DESC, principal, method, route LIMIT 100;
