package sink

import (
	"strings"

	"auscult/pipeline/alert"
	"auscult/pipeline/custody"
	"auscult/pipeline/outbox"
	"auscult/sensor/clock"
)

// checkpointType is the CloudEvents type of a checkpoint of a case folder.
const checkpointType = "auscult.custody.checkpoint.v1"

// Checkpoint makes a checkpoint of the case folder durable, to be delivered behind the alerts that it is about: to
// Kafka's topic of alerts, to the webhook, and to syslog in OCSF, as an event of its own kind. Who forges the folder
// later cannot take it back. Its subject is the checkpoint's origin and its number the sequence; it is shed with the
// openings of incidents, last. It may be called from any goroutine.
func (o *Outbox) Checkpoint(c *custody.Checkpoint) error {
	return o.Append([]outbox.Record{{UID: c.Origin, Sequence: int(c.Number), Activity: alert.Create, Time: clock.Time(c.Time.UnixNano()),
		Body: c.AppendJSON(nil)}})
}

// isCheckpoint is whether r is no alert: an incident's uid begins otherwise (alert.Alert).
func isCheckpoint(r *outbox.Record) bool { return strings.HasPrefix(r.UID, custody.OriginPrefix) }

// activity is a word for what r says: of its incident, or checkpoint.
func activity(r *outbox.Record) string {
	if isCheckpoint(r) {
		return "checkpoint"
	}
	return [...]string{"unknown", "create", "update", "close"}[r.Activity]
}

// eventType is the CloudEvents type of r.
func eventType(r *outbox.Record) string {
	if isCheckpoint(r) {
		return checkpointType
	}
	return "auscult.finding." + activity(r) + ".v1"
}
