package detectors

import (
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
)

func TestManagement(t *testing.T) {
	asks := func(at, who int, route string, set exposure.Set, flags call.Flags) *call.Call {
		c := answerOf(at, who, "GET", route)
		c.Answer.Set, c.Flags = set, flags
		return c
	}
	f := func(name, want string, calls ...*call.Call) {
		t.Helper()
		if got, _ := told(t, "exposed_management", calls...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const secrets = exposure.Secret | exposure.Configuration
	f("actuator", "Low", asks(0, 1, "/actuator", exposure.Management, call.Operator), asks(9, 2, "/actuator", exposure.Management, call.Operator))
	f("introspection", "Low", asks(0, 1, "/graphql", exposure.Introspection, call.GraphQL))
	f("a listing", "Low", asks(0, 1, "/backup/", exposure.Listing, 0))
	f("settings without secrets", "Low", asks(0, 1, "/actuator/env", exposure.Configuration|exposure.Management, call.Operator))
	f("Swagger", "Informational", asks(0, 1, "/v3/api-docs", exposure.Description, 0))
	f("secrets", "Medium Low", asks(0, 1, "/.env", secrets, call.Operator))
	f("secrets and more", "Medium Low Medium", asks(0, 1, "/.env", secrets, call.Operator), asks(1, 1, "/.env", secrets, call.Operator))
	f("an application's page", "", func() *call.Call {
		c := asks(0, 1, "/console", 0, call.Operator)
		c.ContentType = "text/html; charset=utf-8"
		return c
	}())
	f("a dump", "Informational", func() *call.Call {
		c := asks(0, 1, "/actuator/heapdump", 0, call.Operator)
		c.ContentType = "application/octet-stream"
		return c
	}())
	f("refused", "", func() *call.Call {
		c := asks(0, 1, "/.env", secrets, call.Operator)
		c.Status = 403
		return c
	}())
	f("a collector of metrics", "Informational", func() *call.Call {
		c := asks(0, 1, "/metrics", exposure.Management, 0)
		c.Answer.Product = "Prometheus"
		return c
	}())
	f("a probe", "", asks(0, 1, "/actuator/health", exposure.Management, call.Operator|call.Health))
	f("its own settings", "Low", func() *call.Call {
		c := asks(0, 1, "/app/prod", secrets, 0)
		c.Principal.Service = true
		return c
	}())
	f("git", "Low", func() *call.Call {
		c := asks(0, 1, "/repo.git/config", secrets, call.Operator)
		c.UserAgent = "git/2.43.0"
		return c
	}())
	f("a key in an ordinary answer", "Low", asks(0, 1, "/api/upload", exposure.Secret, 0))
}
