package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/goccy/go-yaml"

	"auscult/pipeline/alert"
	"auscult/sensor/page"
)

// accept adds the rules of the allow-list's file to those of the settings.
func (s *settings) accept() error {
	rules, err := readRules(s.Alert.AllowFile)
	if err != nil {
		return err
	}
	s.Alert.Allow = append(s.Alert.Allow, rules...)
	return nil
}

// readRules reads an allow-list's file. One that is missing has no rules yet.
func readRules(name string) (rules []alert.Rule, err error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--allow: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, page.MaxRulesSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--allow: %w", err)
	case len(text) > page.MaxRulesSize:
		return nil, fmt.Errorf("--allow %s: it has more than %d bytes", name, page.MaxRulesSize)
	}
	if err := yaml.UnmarshalWithOptions(page.Whole(text), &rules, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) { // as if it were empty
		return nil, fmt.Errorf("--allow %s: it is no list of rules with principal, endpoint, detector, reason, from and until", place(name, err))
	}
	if len(rules) > page.MaxRules {
		return nil, fmt.Errorf("--allow %s: it has more than %d rules", name, page.MaxRules)
	}
	for i := range rules {
		if err := rules[i].Validate(); err != nil {
			return nil, fmt.Errorf("--allow %s: the %d. %w", name, i+1, err)
		}
	}
	return rules, nil
}

// place is a file, and where in it err is. What stands there is not repeated: it may be another file, and a secret.
func place(name string, err error) string {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return name
	}
	pos := at.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", name, pos.Line, pos.Column)
}
