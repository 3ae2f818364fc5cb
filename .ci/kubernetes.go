//go:build ignore

// Command check holds the objects in a file against the types of Kubernetes: .ci/run runs it, in a module of its own, for those
// types are large.
package main

import (
	"bytes"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i, doc := range bytes.Split(text, []byte("\n---\n")) {
		var kind struct{ Kind string }
		err := yaml.Unmarshal(doc, &kind)
		objects := map[string]any{"ConfigMap": new(core.ConfigMap), "DaemonSet": new(apps.DaemonSet)}
		if o := objects[kind.Kind]; err == nil && o != nil {
			err = yaml.UnmarshalStrict(doc, o)
		} else if err == nil {
			err = fmt.Errorf("kind %q is not known here", kind.Kind)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: object %d: %v\n", os.Args[1], i+1, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %s has only fields that there are\n", os.Args[1], kind.Kind)
	}
}
