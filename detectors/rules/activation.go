package rules

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"auscult/sensor/call"
)

// vars are what a condition may ask of a call, with their types. Names with dots are one variable each: nothing is
// looked up by reflection.
var vars = []struct {
	name string
	kind *cel.Type
	of   func(c *call.Call) ref.Val
}{
	{"call.method", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Method) }},
	{"call.host", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Host) }},
	{"call.path", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Path) }},
	{"call.route", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Route) }},
	{"call.status", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.Status) }},
	{"call.ok", cel.BoolType, func(c *call.Call) ref.Val { return types.Bool(c.OK()) }},
	{"call.principal.id", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.ID) }},
	{"call.principal.kind", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.Kind.String()) }},
	{"call.principal.role", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.Role) }},
	{"call.principal.scope", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.Scope) }},
	{"call.principal.client", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.Client) }},
	{"call.principal.issuer", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Principal.Issuer) }},
	{"call.principal.service", cel.BoolType, func(c *call.Call) ref.Val { return types.Bool(c.Principal.Service) }},
	{"call.principal.shared", cel.BoolType, func(c *call.Call) ref.Val { return types.Bool(c.Principal.Shared) }},
	{"call.principal.strength", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.Principal.Strength) }},
	{"call.client_ip", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Client.Addr.IP().String()) }},
	{"call.server_ip", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Server.Addr.IP().String()) }},
	{"call.server_port", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.Server.Port) }},
	{"call.user_agent", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.UserAgent) }},
	{"call.content_type", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.ContentType) }},
	{"call.objects", cel.IntType, func(c *call.Call) ref.Val { return types.Int(asked(c, false)) }},
	{"call.patients", cel.IntType, func(c *call.Call) ref.Val { return types.Int(asked(c, true)) }},
	{"call.args", cel.ListType(cel.StringType), argNames},
	{"call.phi.classes", cel.ListType(cel.StringType), func(c *call.Call) ref.Val { return list(c.PHI.Classes.Names()) }},
	{"call.phi.people", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.PHI.People) }},
	{"call.phi.records", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.PHI.Records) }},
	{"call.fhir.interaction", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.FHIR.Interaction) }},
	{"call.fhir.type", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.FHIR.Type) }},
	{"call.fhir.operation", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.FHIR.Operation) }},
	{"call.request.bytes", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.ReqDec) }},
	{"call.response.bytes", cel.IntType, func(c *call.Call) ref.Val { return types.Int(c.RespDec) }},
	{"call.duration_ms", cel.IntType, func(c *call.Call) ref.Val { return types.Int(int64(c.Duration) / int64(time.Millisecond)) }},
	{"call.flags", cel.ListType(cel.StringType), flagNames},
	{"call.hour", cel.IntType, func(c *call.Call) ref.Val { return types.Int(int64(c.Time) / int64(time.Hour) % 24) }},
	{"call.weekday", cel.IntType, func(c *call.Call) ref.Val { return types.Int(weekday(int64(c.Time))) }},
	{"call.tls.version", cel.StringType, func(c *call.Call) ref.Val { return types.String(c.Secure.Version) }},
}

// listVars are those of vars that are lists.
var listVars = []string{"call.args", "call.phi.classes", "call.flags"}

// flags are the names of a call's properties.
var flags = [...]struct {
	flag call.Flags
	name string
}{
	{call.Login, "login"}, {call.Token, "token"}, {call.PageStep, "page"}, {call.Search, "search"}, {call.Bulk, "bulk"},
	{call.Health, "health_check"}, {call.Create, "create"}, {call.Empty, "empty"}, {call.HealthAPI, "health_api"},
	{call.GraphQL, "graphql"}, {call.Logout, "logout"}, {call.Reset, "reset"}, {call.Admin, "admin"},
	{call.Operator, "operator"}, {call.BreakGlass, "break_glass"},
}

// environment is CEL's standard library with the variables of a call.
func environment() (*cel.Env, error) {
	options := []cel.EnvOption{cel.ParserRecursionLimit(64), cel.ParserExpressionSizeLimit(maxText), cel.ExpressionNodeLimit(1000)}
	for _, v := range vars {
		options = append(options, cel.Variable(v.name, v.kind))
	}
	return cel.NewEnv(options...)
}

// activation answers for one call. What was asked for once is kept until the next call.
type activation struct {
	call   *call.Call
	index  map[string]int
	values []ref.Val
	asked  []int
}

func (a *activation) look(c *call.Call) {
	if a.index == nil {
		a.index = make(map[string]int, len(vars))
		for i, v := range vars {
			a.index[v.name] = i
		}
		a.values = make([]ref.Val, len(vars))
	}
	for _, i := range a.asked {
		a.values[i] = nil
	}
	a.call, a.asked = c, a.asked[:0]
}

// ResolveName is the value of a variable.
func (a *activation) ResolveName(name string) (any, bool) {
	i, ok := a.index[name]
	if !ok {
		return nil, false
	}
	if a.values[i] == nil {
		a.values[i] = vars[i].of(a.call)
		a.asked = append(a.asked, i)
	}
	return a.values[i], true
}

// Parent is none.
func (*activation) Parent() interpreter.Activation { return nil }

func list(names []string) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, names) }

// argNames are the names of what the request carried.
func argNames(c *call.Call) ref.Val {
	names := make([]string, len(c.Args))
	for i := range c.Args {
		names[i] = c.Args[i].Name
	}
	return list(names)
}

func flagNames(c *call.Call) ref.Val {
	var names []string
	for _, f := range flags {
		if c.Flags&f.flag != 0 {
			names = append(names, f.name)
		}
	}
	return list(names)
}

// asked is how many objects, or patients, the request names.
func asked(c *call.Call, patients bool) int {
	n := 0
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Where != call.InResponse && !o.Sub && (o.Patient || !patients) {
			n++
		}
	}
	return n
}

// weekday is 0 on Sunday, in UTC; the epoch was a Thursday.
func weekday(ns int64) int64 {
	return (ns/int64(24*time.Hour) + 4) % 7
}
