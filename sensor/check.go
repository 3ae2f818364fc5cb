package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"auscult/detectors/rules"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// maxLine bounds a line of a call log that is read.
const maxLine = 4 << 20

// checkConfig says what is wrong with the settings in file, and how many calls of a log its rules fit.
func checkConfig(std stdio, out io.Writer, file, calls string) error {
	s, _, _, err := load(file, std.environ)
	if err == nil {
		err = s.check(file, std.environ)
	}
	if err != nil {
		return &exit{statusUsage, err}
	}
	if err := s.describe(); err != nil {
		return &exit{statusUsage, err}
	}
	if calls == "" {
		_, err = fmt.Fprintf(out, "%s: valid; %d rules, %d descriptions of APIs\n", file, len(s.Detectors.Rules), len(s.Detectors.OpenAPI))
		return failed(err)
	}
	f, err := os.Open(calls)
	if err != nil {
		return &exit{statusInput, fmt.Errorf("call log: %w", err)}
	}
	defer f.Close()
	set, err := rules.Compile(s.Detectors.Rules)
	if err != nil {
		return &exit{statusUsage, err}
	}
	return tryRules(out, set, calls, f)
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &exit{statusFailed, err}
}

// check is Validate, with the place in the file where it can be told.
func (s *settings) check(file string, environ []string) error {
	err := s.Validate()
	if file == "" {
		file = lookup(environ, envConfig)
	}
	if err != nil && file != "" {
		err = ruleLine(file, err)
	}
	return err
}

// ruleLine puts before what is wrong with a rule where the rule stands in the file.
func ruleLine(file string, err error) error {
	var wrong *rules.Error
	if !errors.As(err, &wrong) {
		return err
	}
	data, rerr := os.ReadFile(file)
	if rerr != nil {
		return err
	}
	for _, field := range [...]string{"." + wrong.Field, ""} {
		path, perr := yaml.PathString(fmt.Sprintf("$.detectors.rules[%d]%s", wrong.Index, field))
		if perr != nil {
			continue
		}
		if node, perr := path.ReadNode(strings.NewReader(string(data))); perr == nil && node != nil {
			return fmt.Errorf("%s:%d: %w", file, node.GetToken().Position.Line, err)
		}
	}
	return err
}

// tryRules asks every rule about every call of a log and prints how many fit.
func tryRules(out io.Writer, set *rules.Set, name string, log io.Reader) error {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, maxLine)
	n := 0
	var tally []struct{ fit, stopped, failed int }
	if set != nil {
		tally = make([]struct{ fit, stopped, failed int }, len(set.Rules))
	}
	for lines.Scan() {
		n++
		c, err := loggedCall(lines.Bytes())
		if err != nil {
			return &exit{statusInput, fmt.Errorf("%s:%d: %w", name, n, err)}
		}
		if set == nil {
			continue
		}
		set.Look(c)
		for i := range set.Rules {
			switch set.Fits(i) {
			case rules.Yes:
				tally[i].fit++
			case rules.Costly:
				tally[i].stopped++
			case rules.Failed:
				tally[i].failed++
			}
		}
	}
	if err := lines.Err(); err != nil {
		return &exit{statusInput, fmt.Errorf("%s:%d: %w", name, n+1, err)}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d calls\n", n)
	for i, t := range tally {
		fmt.Fprintf(&b, "%8d fit %s", t.fit, set.Rules[i].Name)
		if t.stopped+t.failed > 0 {
			fmt.Fprintf(&b, " (%d went past the cost of a rule, %d could not be worked out)", t.stopped, t.failed)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return failed(err)
}

// logged is the part of a line of the call log that rules may ask about. Names and identifiers in it may be pseudonyms;
// what the log does not hold (names of arguments, flags, scopes) is empty.
type logged struct {
	Timestamp   time.Time
	Client      string         `json:"client.address"`
	Server      string         `json:"server.address"`
	Port        uint16         `json:"server.port"`
	Method      string         `json:"http.request.method"`
	Original    string         `json:"http.request.method_original"`
	Host        string         `json:"http.request.header.host"`
	Path        string         `json:"url.path"`
	Route       string         `json:"http.route"`
	Agent       string         `json:"user_agent.original"`
	Status      int            `json:"http.response.status_code"`
	Asked       int64          `json:"auscult.request.decoded_size"`
	Answered    int64          `json:"auscult.response.decoded_size"`
	Duration    float64        `json:"auscult.duration_ms"`
	ID          string         `json:"auscult.principal.id"`
	Kind        string         `json:"auscult.principal.kind"`
	Issuer      string         `json:"auscult.principal.issuer"`
	App         string         `json:"auscult.principal.client"`
	Role        string         `json:"auscult.principal.role"`
	Strength    uint8          `json:"auscult.principal.strength"`
	Objects     []loggedObject `json:"auscult.objects"`
	Classes     []string       `json:"auscult.phi.classes"`
	People      int            `json:"auscult.phi.people"`
	Records     int            `json:"auscult.phi.records"`
	Interaction string         `json:"auscult.fhir.interaction"`
	Type        string         `json:"auscult.fhir.type"`
}

type loggedObject struct{ Type, ID, Where string }

// loggedCall is a line of the call log as a call.
func loggedCall(line []byte) (*call.Call, error) {
	var l logged
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, fmt.Errorf("no line of a call log: %w", err)
	}
	if l.Method == "" || l.Timestamp.IsZero() {
		return nil, errors.New("no line of a call log: it has no http.request.method or timestamp")
	}
	c := &call.Call{Method: l.Method, Host: l.Host, Path: l.Path, Route: l.Route, UserAgent: l.Agent, Status: l.Status,
		ReqDec: l.Asked, RespDec: l.Answered}
	if l.Original != "" {
		c.Method = l.Original
	}
	c.Time = clock.Time(l.Timestamp.UnixNano())
	if l.Duration >= 0 && l.Duration < math.MaxInt64/1e6 {
		c.Duration = clock.Time(l.Duration * 1e6)
	}
	c.Client, c.Server = endpoint(l.Client, 0), endpoint(l.Server, l.Port)
	c.Principal = call.Principal{ID: l.ID, Issuer: l.Issuer, Client: l.App, Role: l.Role, Strength: l.Strength}
	for k := call.Custom; k <= call.Address; k++ {
		if k.String() == l.Kind {
			c.Principal.Kind = k
		}
	}
	for _, o := range l.Objects {
		k := call.Object{Type: o.Type, ID: o.ID, Where: call.InPath, Patient: o.Type == "Patient" || o.Type == "mrn"}
		if o.Where == call.InResponse.String() {
			k.Where = call.InResponse
		}
		c.Objects = append(c.Objects, k)
	}
	for i := range phi.NumClasses {
		for _, name := range l.Classes {
			if one := phi.Class(1) << i; one.Names()[0] == name {
				c.PHI.Classes |= one
			}
		}
	}
	c.PHI.People, c.PHI.Records = l.People, l.Records
	c.FHIR.Interaction, c.FHIR.Type = l.Interaction, l.Type
	return c, nil
}

func endpoint(address string, port uint16) packet.Endpoint {
	e := packet.Endpoint{Port: port}
	if ip, err := netip.ParseAddr(address); err == nil {
		e.Addr = packet.Addr(ip.As16())
	}
	return e
}
