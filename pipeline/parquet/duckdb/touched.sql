-- Who touched a patient or record: SET VARIABLE object = 'obj:…'; before it.
SELECT auscult_principal_id AS principal, auscult_principal_kind AS kind, count(DISTINCT (network_connection_id, auscult_stream, timestamp)) AS calls,
       min(timestamp) AS first, max(timestamp) AS last, list_sort(list(DISTINCT http_request_method || ' ' || http_route)) AS did,
       list_sort(list(DISTINCT client_address)) AS addresses
FROM touches
WHERE object_id = getvariable('object') AND http_response_status_code BETWEEN 200 AND 299
GROUP BY ALL ORDER BY calls DESC, principal;
