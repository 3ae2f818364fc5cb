-- The answers with the most people, and how they stand beside what the endpoint usually gives.
WITH usual AS (
    SELECT http_request_method AS method, http_route AS route, median(auscult_phi_people) AS median_people, count(*) AS answers
    FROM calls WHERE auscult_phi_people > 0 GROUP BY ALL)
SELECT c.timestamp, c.auscult_principal_id AS principal, c.client_address AS client, u.method, u.route, c.auscult_phi_people AS people,
       c.auscult_phi_records AS records, c.auscult_response_decoded_size AS bytes, u.median_people, u.answers
FROM calls c JOIN usual u ON u.method = c.http_request_method AND u.route = c.http_route
WHERE c.auscult_phi_people > 1 ORDER BY people DESC, c.timestamp, c.network_connection_id LIMIT 100;
