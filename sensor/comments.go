package main

import (
	_ "embed"
	"strings"

	"github.com/goccy/go-yaml"
)

// keyTexts says what each key of the configuration means: "tcp.idle<TAB>text" on each line. It is made of the
// comments on the fields: go test ./sensor -run TestKeyTexts -update
//
//go:embed keys.txt
var keyTexts string

const commentWidth = 90

// comments puts its text above every key.
func comments() yaml.CommentMap {
	out := yaml.CommentMap{}
	for line := range strings.Lines(keyTexts) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		out["$."+name] = []*yaml.Comment{yaml.HeadComment(wrap(text, commentWidth)...)}
	}
	return out
}

// wrap breaks text at spaces into lines of at most width bytes, each with a space before it.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != "" {
			lines, line = append(lines, line), ""
		}
		line += " " + word
	}
	return append(lines, line)
}
