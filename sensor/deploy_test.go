package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/schema"
	"github.com/goccy/go-yaml"
)

// The compose file is one by its schema, and what it and the others have the program do is what the program takes.
func TestCompose(t *testing.T) {
	var file map[string]any
	text := []byte(contents(t, "compose/compose.yml"))
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if err := compose.Validate(file); err != nil {
		t.Error(err)
	}
	var services struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &services); err != nil {
		t.Fatal(err)
	}
	args := services.Services["auscult"].Command
	if len(args) < 5 {
		t.Fatalf("the sensor is started with %q", args)
	}
	last := args[len(args)-1]
	if _, err := os.Stat(filepath.Join("..", strings.TrimSuffix(strings.TrimPrefix(last, "/captures/${CAPTURE:-"), "}"))); err != nil {
		t.Error(err)
	}
	takes(t, args)
	delete(file["services"].(map[string]any)["kafka"].(map[string]any), "image")
	file["services"].(map[string]any)["kafka"].(map[string]any)["imagge"] = "x"
	if compose.Validate(file) == nil {
		t.Error("the schema takes anything")
	}
}

// takes fails the test unless the program has such a command line.
func takes(t *testing.T, args []string) {
	t.Helper()
	c, rest, err := rootCommand(stdio{}).Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("auscult %q: %v", args, err)
	}
}

// What the Kubernetes objects have the program do is what the program takes; .ci/run holds them against Kubernetes' own types.
func TestKubernetes(t *testing.T) {
	docs := strings.Split(contents(t, "kubernetes/auscult.yaml"), "\n---\n")
	if len(docs) != 2 {
		t.Fatalf("%d objects", len(docs))
	}
	var config struct {
		Data map[string]string `yaml:"data"`
	}
	var set struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Args            []string `yaml:"args"`
						SecurityContext struct {
							Capabilities struct {
								Drop []string `yaml:"drop"`
							} `yaml:"capabilities"`
						} `yaml:"securityContext"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := errors.Join(yaml.Unmarshal([]byte(docs[0]), &config), yaml.Unmarshal([]byte(docs[1]), &set)); err != nil {
		t.Fatal(err)
	}
	for name, text := range config.Data {
		if status, _, stderr := auscult(t, "config", "--check", write(t, name, text)); status != statusDone {
			t.Errorf("%s: %s", name, stderr)
		}
	}
	containers := set.Spec.Template.Spec.Containers
	if len(config.Data) != 1 || len(containers) != 1 {
		t.Fatalf("%d files and %d containers", len(config.Data), len(containers))
	}
	takes(t, containers[0].Args)
	if drop := containers[0].SecurityContext.Capabilities.Drop; len(drop) != 1 || drop[0] != "ALL" {
		t.Errorf("it keeps all capabilities but %q", drop)
	}
}

// Each command that is not hidden has its page of the manual, made of what --help says.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if status, stdout, stderr := auscult(t, "man", dir); status != statusDone || stdout != "" || stderr != "" {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	for _, c := range append(rootCommand(stdio{}).Commands(), rootCommand(stdio{})) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		page := contents(t, filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		if !strings.Contains(page, ".TH \"AUSCULT") || !strings.Contains(page, ".SH SYNOPSIS") || !strings.Contains(page, "Jan 2026") {
			t.Errorf("the page of %s:\n%s", c.CommandPath(), page)
		}
	}
	if status, _, stderr := auscult(t, "man"); status != statusUsage || !strings.Contains(stderr, "man needs one folder") {
		t.Errorf("status %d, %s", status, stderr)
	}
}
