package main

import (
	"auscult/pipeline/cef"
	"auscult/pipeline/ecs"
	"auscult/pipeline/sink"
)

// alertFormat is a form in which alerts are written.
type alertFormat struct {
	name  string
	file  string      // of a case folder
	write sink.Format // nil for OCSF
}

var alertFormats = [...]alertFormat{
	{name: "ocsf", file: alertsFile},
	{"ecs", ecsFile, ecs.Append},
	{"cef", cefFile, cef.Append},
}

// formatOf is the format that --format names; OCSF when it names none.
func formatOf(name string) alertFormat {
	for _, f := range alertFormats {
		if f.name == name {
			return f
		}
	}
	return alertFormats[0]
}

func formatKnown(name string) bool { return name == "" || formatOf(name).name == name }
