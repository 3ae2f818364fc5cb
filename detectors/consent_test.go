package detectors

import (
	"testing"
	"time"

	"auscult/sensor/call"
)

func TestConsent(t *testing.T) {
	f := func(name, want string, s *script) {
		t.Helper()
		if got := s.said(t, "consent_gap"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	gateway, hiu := who(1), who(2)
	gateway.Service, hiu.Service = true, true
	notify := func(s *script, id, status string, more ...func(*call.Call)) *script {
		return s.wait(time.Minute).do(gateway, "POST", "/api/v3/consent/request/hip/notify", 202, append([]func(*call.Call){
			arg("notification.status", status), arg("notification.consentId", id)}, more...)...)
	}
	granted := func(id string) *script {
		return notify(newScript(), id, "GRANTED", arg("notification.consentDetail.patient.id", "asha@abdm"),
			arg("notification.consentDetail.careContexts.careContextReference", "visit-1"),
			arg("notification.consentDetail.permission.dateRange.from", "2024-01-01T00:00:00.000Z"),
			arg("notification.consentDetail.permission.dateRange.to", "2025-01-01T00:00:00.000Z"),
			arg("notification.consentDetail.permission.dataEraseAt", "2027-06-01T00:00:00.000Z"))
	}
	request := func(s *script, id string, more ...func(*call.Call)) *script {
		return s.do(hiu, "POST", "/api/v3/hip/health-information/request", 202, append([]func(*call.Call){arg("transactionId", "t-1"),
			arg("hiRequest.consent.id", id), arg("hiRequest.dataPushUrl", "https://hiu/push")}, more...)...)
	}
	push := func(s *script, context string) *script {
		return s.do(gateway, "POST", "/push", 202, arg("transactionId", "t-1"), arg("entries.careContextReference", context), arg("entries.content", "x"))
	}
	f("granted, asked, sent", "", push(request(granted("c1"), "c1"), "visit-1"))
	f("withdrawn", "3 High", request(notify(granted("c1"), "c1", "REVOKED").wait(5*time.Minute), "c1"))
	f("expired", "3 High", request(notify(granted("c1"), "c1", "EXPIRED").wait(5*time.Minute), "c1"))
	f("denied, and never granted", "2 High", request(notify(newScript(), "c1", "DENIED").wait(5*time.Minute), "c1"))
	f("withdrawn while it was on its way", "", request(notify(granted("c1"), "c1", "REVOKED").wait(10*time.Second), "c1"))
	f("another's consent withdrawn", "", request(notify(granted("c1"), "c2", "REVOKED").wait(5*time.Minute), "c1"))
	f("older than the sensor", "", request(newScript(), "c9"))
	f("withdrawn, and refused", "", notify(granted("c1"), "c1", "REVOKED").wait(5*time.Minute).
		do(hiu, "POST", "/api/v3/hip/health-information/request", 400, arg("hiRequest.consent.id", "c1"), arg("hiRequest.dataPushUrl", "https://hiu/push")))
	f("of other years", "2 High", request(granted("c1"), "c1", arg("hiRequest.dateRange.from", "2019-01-01T00:00:00.000Z")))
	f("of those years", "", request(granted("c1"), "c1", arg("hiRequest.dateRange.from", "2024-02-01T00:00:00.000Z"), arg("hiRequest.dateRange.to", "2024-12-31")))
	f("another's visit sent", "3 High", push(request(granted("c1"), "c1"), "visit-2"))
	f("sent after the withdrawal", "4 High", push(notify(request(granted("c1"), "c1"), "c1", "REVOKED").wait(5*time.Minute), "visit-1"))
	s := granted("c1").wait(300 * 24 * time.Hour)
	f("past the time to erase", "2 High", request(s, "c1"))
	f("granted again after the withdrawal", "4 High", request(notify(notify(granted("c1"), "c1", "REVOKED"), "c1", "GRANTED").wait(5*time.Minute), "c1"))
}

// TestConsentBounds has more consents than are remembered: the oldest go, counted, and nobody is accused.
func TestConsentBounds(t *testing.T) {
	cfg := Defaults()
	cfg.Consents = 16
	e, s := New(cfg), newScript()
	for i := range 200 {
		s.do(who(1), "POST", "/notify", 202, arg("notification.status", "GRANTED"), arg("notification.consentId", plainID(i)))
	}
	if got := s.saidBy(t, e, "consent_gap"); got != "" {
		t.Errorf("accused %s", got)
	}
	if st := e.Stats(); st.EvictedSuspects < 180 {
		t.Errorf("%d artefacts let go are counted", st.EvictedSuspects)
	}
}

func FuzzInstant(f *testing.F) {
	f.Add("2024-01-01T00:00:00.000Z")
	f.Add("2024-12-31")
	f.Add("2025-01-01T10:00:00.123")
	f.Fuzz(func(t *testing.T, s string) {
		if x := instant(s); x < 0 {
			t.Errorf("%q is before 1970: %d", s, x)
		}
	})
}
