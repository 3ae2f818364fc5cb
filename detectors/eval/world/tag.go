package world

// Tag says what is special about a call, so that false alarms can be counted by their cause.
type Tag uint8

// Tags.
const (
	Plain Tag = iota
	Cover2
	Cover4
	Transfer
	NewHire
	Paper       // the system was down: patients are looked up from paper
	Vaccination // a day of mass vaccination
	Audit       // a coder's or an auditor's run
	Cohort      // research pulls many by search
	ETL         // the nightly copy walks all identifiers
	Burst       // registrations one after the other
	LabRun      // specimens in the order of their numbers
	Barcode
	Prefetch // a page opens what it listed
	Retry
	LoadTest
	Passwords // the Monday on which passwords expire
	Skew      // the clock of the identity provider is off
	Night     // a shift across midnight
	Typo
	BrokenService
	Stale
	Scanner // of the security team, allow-listed
	Administration
	PortalUse
	Roaming
	OddText // honest quotes and signs in a search
	Worklist
	BreakGlass
	Machine // health checks and other chatter
	Attack
	Tags = iota
)

var tags = [...]string{"plain", "cover ×2", "cover ×4", "transfer", "new hire", "paper list", "vaccination day", "audit run",
	"cohort pull", "nightly ETL", "registration burst", "lab accessions", "barcode", "prefetch", "retry", "load test", "password Monday",
	"clock skew", "night shift", "typo", "broken service", "dead link", "security scan", "admin", "portal", "roaming",
	"odd characters", "large worklist", "break glass", "machine", "attack"}

func (t Tag) String() string { return tags[t] }
