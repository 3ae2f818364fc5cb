-- Principals that come from several addresses: shared or stolen credentials, or roaming.
SELECT auscult_principal_id AS principal, auscult_principal_kind AS kind, count(DISTINCT client_address) AS addresses,
       count(DISTINCT user_agent_original) AS agents, count(*) AS asked, min(timestamp) AS first, max(timestamp) AS last
FROM calls WHERE auscult_principal_kind NOT IN ('address', 'mtls')
GROUP BY ALL HAVING count(DISTINCT client_address) > 1 ORDER BY addresses DESC, asked DESC, principal;
