package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/graft-build/graft/target"
)

// TestPrograms holds the table and the folders together, and that no manifest names a package.
func TestPrograms(t *testing.T) {
	var names []string
	for _, p := range programs {
		names = append(names, p.name)
		if path, version, err := module("../..", p); err != nil || path == "" || version == "" {
			t.Errorf("%s: module %q, version %q, %v", p.name, path, version, err)
		}
		for name := range p.limit {
			if !slices.Contains(targets, name) {
				t.Errorf("%s has a limit on %s, which is no column", p.name, name)
			}
		}
	}
	entries, err := os.ReadDir("programs")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		folders = append(folders, e.Name())
		if _, err := os.Stat(filepath.Join("programs", e.Name(), "graft.yaml")); err == nil {
			t.Errorf("%s has a manifest", e.Name())
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, folders) {
		t.Errorf("the table has %q, the folder has %q", names, folders)
	}
	if len(names) < 30 {
		t.Errorf("%d programs, want at least 30", len(names))
	}
	for _, name := range targets {
		if _, err := target.Parse(name); err != nil {
			t.Error(err)
		}
	}
}

// TestSome builds and starts a few rows of the table, so that the command keeps working.
func TestSome(t *testing.T) {
	if testing.Short() {
		t.Skip("it downloads packages; -short is set")
	}
	tr, err := newTrier(t.Context(), "../..", filepath.Join(t.TempDir(), "graft"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if !slices.Contains([]string{"pkcs11", "leveldb"}, p.name) {
			continue
		}
		if r := tr.try(t.Context(), p, "linux/amd64"); r.State != started {
			t.Errorf("%s: %s: %s\n%s", p.name, r.State, r.Error, r.Says)
		}
	}
}

func TestJudge(t *testing.T) {
	msys2 := map[string]string{"zeromq": "4.3"}
	zmq := program{msys2: "zeromq", limit: map[string]string{"rpi4": "no"}}
	for _, test := range []struct {
		target string
		r      result
		tried  bool
		want   verdict
	}{
		{"rpi4", result{}, false, untried},
		{"rpi4", result{State: started}, true, starts}, // the limit was wrong
		{"rpi4", result{State: failed}, true, unserved},
		{"linux/amd64", result{State: failed}, true, fails},
		{"linux/amd64", result{State: missing}, true, fails},
		{"linux/amd64", result{State: built}, true, builds},
		{"windows/amd64", result{State: missing, Stand: true}, true, named},
		{"windows/amd64", result{State: missing}, true, fails}, // MSYS2 itself was asked
		{"windows/amd64", result{State: failed, Stand: true}, true, fails},
	} {
		if got, _ := judge(zmq, test.target, test.r, test.tried, msys2); got != test.want {
			t.Errorf("%+v: got %s, want %s", test, got, test.want)
		}
	}
}

// TestPage checks that kept results come out as they should.
func TestPage(t *testing.T) {
	kept := &results{t.TempDir()}
	for _, target := range targets[:3] {
		if err := kept.put("zmq4", target, result{State: failed, Error: "no\n  such `thing` in /root/x/y.go:1", Day: "2026-01-02"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.put("pcap", "rpi4", result{State: started, Day: "2026-01-01"}); err != nil {
		t.Fatal(err)
	}
	p, err := makePage("../..", kept)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := template.Must(template.New("").Parse(pageText)).Execute(&b, p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"of 2026-01-02.", "- zmq4 (linux/amd64, linux/arm64, rpi4): no such 'thing' in …/y.go:1\n",
		"C++ inside | **fails** | **fails** | **fails** | ? |\n", "| 4 | 1 | 1 | 25 % |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, &b)
		}
	}
}
