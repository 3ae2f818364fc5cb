package ocsf

// attackVersion is the release of MITRE ATT&CK that the identifiers belong to. (c) The MITRE Corporation; used
// with permission under the ATT&CK terms of use.
const attackVersion = "19.2"

type named struct{ uid, name string }

// technique is an ATT&CK technique, or a sub-technique with its parent, under its first tactic.
type technique struct {
	id     string
	name   string // of the technique
	sub    string // of the sub-technique; empty when it is none
	tactic named
}

var techniques = [...]technique{
	{id: "T1020", name: "Automated Exfiltration", sub: "", tactic: named{"TA0010", "Exfiltration"}},
	{id: "T1030", name: "Data Transfer Size Limits", sub: "", tactic: named{"TA0010", "Exfiltration"}},
	{id: "T1040", name: "Network Sniffing", sub: "", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1041", name: "Exfiltration Over C2 Channel", sub: "", tactic: named{"TA0010", "Exfiltration"}},
	{id: "T1078", name: "Valid Accounts", sub: "", tactic: named{"TA0001", "Initial Access"}},
	{id: "T1078.001", name: "Valid Accounts", sub: "Default Accounts", tactic: named{"TA0001", "Initial Access"}},
	{id: "T1087", name: "Account Discovery", sub: "", tactic: named{"TA0007", "Discovery"}},
	{id: "T1110", name: "Brute Force", sub: "", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1110.003", name: "Brute Force", sub: "Password Spraying", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1110.004", name: "Brute Force", sub: "Credential Stuffing", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1119", name: "Automated Collection", sub: "", tactic: named{"TA0009", "Collection"}},
	{id: "T1190", name: "Exploit Public-Facing Application", sub: "", tactic: named{"TA0001", "Initial Access"}},
	{id: "T1213", name: "Data from Information Repositories", sub: "", tactic: named{"TA0009", "Collection"}},
	{id: "T1485", name: "Data Destruction", sub: "", tactic: named{"TA0040", "Impact"}},
	{id: "T1499.003", name: "Endpoint Denial of Service", sub: "Application Exhaustion Flood", tactic: named{"TA0040", "Impact"}},
	{id: "T1528", name: "Steal Application Access Token", sub: "", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1539", name: "Steal Web Session Cookie", sub: "", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1548", name: "Abuse Elevation Control Mechanism", sub: "", tactic: named{"TA0004", "Privilege Escalation"}},
	{id: "T1550.001", name: "Use Alternate Authentication Material", sub: "Application Access Token", tactic: named{"TA0008", "Lateral Movement"}},
	{id: "T1552.001", name: "Unsecured Credentials", sub: "Credentials In Files", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1557", name: "Adversary-in-the-Middle", sub: "", tactic: named{"TA0006", "Credential Access"}},
	{id: "T1565.001", name: "Data Manipulation", sub: "Stored Data Manipulation", tactic: named{"TA0040", "Impact"}},
	{id: "T1567", name: "Exfiltration Over Web Service", sub: "", tactic: named{"TA0010", "Exfiltration"}},
	{id: "T1595.002", name: "Active Scanning", sub: "Vulnerability Scanning", tactic: named{"TA0043", "Reconnaissance"}},
	{id: "T1595.003", name: "Active Scanning", sub: "Wordlist Scanning", tactic: named{"TA0043", "Reconnaissance"}},
	{id: "T1606", name: "Forge Web Credentials", sub: "", tactic: named{"TA0006", "Credential Access"}},
}
