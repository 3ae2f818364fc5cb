package main

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"auscult/sensor/inject"
)

// families are what a class of a list is found as: XPath's conditions are written as those of SQL. A class that is none of
// inject's own is found as any of them.
var families = map[string]inject.Family{
	"sql": inject.SQL, "xss": inject.XSS, "command": inject.Command, "path": inject.Path, "ldap": inject.LDAP, "nosql": inject.NoSQL, "template": inject.Template,
	"xml": inject.XXE, "jndi": inject.JNDI, "xpath": inject.XPath | inject.SQL | inject.LDAP, "serial": inject.Deserialising, "lines": inject.Lines,
}

// tally is what was found of a list.
type tally struct {
	source, class      string
	n, own, any, sure  int
	attackers, accused int // groups of payloads by one principal each, and those of them that an alert names
	inner, alerts      int
	reasons            [numReasons]int
}

// report collects the tables.
type report struct {
	half                  string
	attacked, sent, plain []tally
	recorded              []tally
	found                 []bodyTally
}

const perAttacker = 10 // payloads that one attacker sends

// attacks measures the lists of a folder.
func (r *report) attacks(given string, h half, notes *bufio.Writer) error {
	paths, err := lists(given)
	if err != nil {
		return err
	}
	for _, path := range paths {
		source, class, ok := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".jsonl"), ".txt"), ".")
		if !ok {
			return fmt.Errorf("list %s: its name is not SOURCE.CLASS", path)
		}
		if class, ok := strings.CutSuffix(class, ".requests"); ok {
			t, err := recorded(source, class, path, h, notes)
			if err != nil {
				return err
			}
			r.sent = append(r.sent, t)
			continue
		}
		t, err := measure(source, class, path, h, notes)
		if err != nil {
			return err
		}
		r.attacked = append(r.attacked, t)
	}
	return nil
}

// measure lets one list be sent value by value, ten by each attacker, to a search that others use too.
func measure(source, class, path string, h half, notes *bufio.Writer) (t tally, err error) {
	t = tally{source: source, class: class}
	s := newSite()
	who := 1000
	accused := false
	route := ""
	err = eachValue(path, h, func(v string) {
		if t.n%perAttacker == 0 {
			who++
			t.attackers++
			accused = false
			route = "/api/v1/search" + letters(t.attackers) // what others tried there is not usual here
			for i := range 60 {
				s.watch(s.call(search(route, "q", staff[i%len(staff)]), 1+i%7))
			}
		}
		t.n++
		c := s.call(search(route, "q", v), who)
		found, sure, _ := shown(c)
		t.note(class, found, sure, v, notes)
		if s.watch(c) > 0 && !accused {
			accused = true
			t.accused++
		}
	})
	return t, err
}

// staff is what honest people search for before the attackers come.
var staff = [...]string{"Smith", "O'Brien", "Kumar", "D'Souza", "Garcia", "van den Berg", "Lee", "Al-Amin", "1042", "chest pain", "N'Golo", "A&E"}

// note counts one attack.
func (t *tally) note(class string, found, sure inject.Family, v string, notes *bufio.Writer) {
	own, known := families[strings.SplitN(class, "-", 2)[0]]
	if !known {
		own = ^inject.Family(0)
	}
	if found != 0 {
		t.any++
	}
	if sure != 0 {
		t.sure++
	}
	if found&own != 0 {
		t.own++
		return
	}
	why := reason(v)
	t.reasons[why]++
	fmt.Fprintf(notes, "missed %s.%s [%s] found as %#x: %q\n", t.source, class, reasons[why], uint16(found), v)
}

// recorded measures a file of requests; each is a call of its own.
func recorded(source, class, path string, h half, notes *bufio.Writer) (t tally, err error) {
	t = tally{source: source, class: class}
	s := newSite()
	err = eachRequest(path, h, func(q *request) {
		c := s.call(q, 1000+t.n/perAttacker)
		found, sure, inner := shown(c)
		t.n++
		text := q.Method + " " + q.URL + " " + q.body() + " " + fmt.Sprint(q.Headers)
		if inner {
			t.inner++
		}
		t.alerts += s.watch(c)
		if class == "honest" {
			if found != 0 {
				t.any++
				fmt.Fprintf(notes, "honest %s as %#x: %s\n", source, uint16(found), told(c))
			}
			if sure != 0 {
				t.sure++
			}
			return
		}
		if inner || strings.HasPrefix(class, "rfi") && points(c) {
			found |= inject.Path
		}
		t.note(class, found, sure, text, notes)
	})
	return t, err
}

// honest measures lists of honest values: 200 people send them in eight parameters.
func (r *report) honest(given string, h half, notes *bufio.Writer) error {
	paths, err := lists(given)
	if err != nil {
		return err
	}
	for _, path := range paths {
		t := tally{source: strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".jsonl"), ".txt"), class: "honest"}
		if source, ok := strings.CutSuffix(t.source, ".requests"); ok {
			t, err := recorded(source, "honest", path, h, notes)
			if err != nil {
				return err
			}
			r.recorded = append(r.recorded, t)
			continue
		}
		s := newSite()
		if err := eachValue(path, h, func(v string) {
			c := s.call(search("/api/v1/search", parameters[t.n/5%len(parameters)], v), 1+t.n*7919%200)
			t.n++
			found, sure, inner := shown(c)
			if found != 0 {
				t.any++
				fmt.Fprintf(notes, "honest %s as %#x: %.400q\n", t.source, uint16(found), v)
			}
			if sure != 0 {
				t.sure++
				fmt.Fprintf(notes, "SURE %s as %#x: %.400q\n", t.source, uint16(sure), v)
			}
			if inner {
				t.inner++
			}
			if n := s.watch(c); n > 0 {
				t.alerts += n
				fmt.Fprintf(notes, "ALERT %s: %.400q\n", t.source, v)
			}
		}); err != nil {
			return err
		}
		r.plain = append(r.plain, t)
	}
	return nil
}

var parameters = [...]string{"q", "name", "text", "code", "note", "url", "sort", "id"}

// requests measures recorded sets.
func (r *report) requests(given string, h half, notes *bufio.Writer) error {
	for _, pair := range strings.Split(given, ",") {
		class, path, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("requests %q: not CLASS=FILE", pair)
		}
		t, err := recorded(filepath.Base(path), class, path, h, notes)
		if err != nil {
			return err
		}
		r.recorded = append(r.recorded, t)
	}
	return nil
}
