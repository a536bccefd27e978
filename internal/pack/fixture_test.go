//go:build linux

package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/graft-build/graft/internal/closure"
	"github.com/graft-build/graft/target"
)

const libdir = "usr/lib/x86_64-linux-gnu"

// program is the application of these tests: Go with C, a library of its own and libm.
const program = `package main

/*
#cgo LDFLAGS: -lgreet -lm
#include <math.h>
const char *greet(void);
*/
import "C"

import (
	"encoding/json"
	"os"
)

func main() {
	exe, err := os.Executable()
	if err != nil {
		exe = "unknown"
	}
	wd, _ := os.Getwd()
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"greeting": C.GoString(C.greet()), "root": float64(C.sqrt(C.double(len(os.Args) * len(os.Args)))),
		"exe": exe, "args": os.Args, "uid": os.Getuid(), "dir": wd, "env": os.Environ(),
	})
}
`

// said is what program prints.
type said struct {
	Greeting string
	Root     float64
	Exe, Dir string
	Args     []string
	UID      int
	Env      []string
}

func saying(t *testing.T, b []byte) said {
	t.Helper()
	var s said
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatalf("%v in %q", err, b)
	}
	return s
}

// built is the program and the package trees, made once.
var built struct {
	sync.Once
	dir string
	err error
	in  In
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// fixture returns the input for the program, compiled against packages made of the host's
// own C library.
func fixture(t *testing.T) In {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("made for amd64")
	}
	for _, tool := range []string{"gcc", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " here")
		}
	}
	if _, err := os.Stat("/lib/x86_64-linux-gnu/libc.so.6"); err != nil {
		t.Skip("not a Debian-like host")
	}
	built.Do(func() { built.err = build() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.in
}

func build() (err error) {
	if built.dir, err = os.MkdirTemp("", "pack"); err != nil {
		return err
	}
	if err := writePackages(built.dir); err != nil {
		return err
	}
	out := filepath.Join(built.dir, "program")
	if err := compileProgram(built.dir, out); err != nil {
		return err
	}
	t, err := target.Parse("linux/amd64")
	if err != nil {
		return err
	}
	in := In{
		Target: t, Program: out, Repo: "debian-bookworm", Time: time.Unix(1700000000, 0),
		Meta: Meta{
			Name: "hello", Version: "1.2.0", Description: "Says hello\n\nIn more than one line.",
			Maintainer: "Karl Koch <contact@example.com>", Homepage: "https://example.com/hello", License: "MIT",
		},
		Modules: []Module{{Path: "example.com/m", Version: "v1.0.0", Dir: filepath.Join(built.dir, "module")}},
		OCI:     OCIOptions{Ports: []int{8080}, Env: map[string]string{"A": "b"}, Args: []string{"-x"}},
	}
	for _, p := range [][2]string{{"ca-certificates", "20230311"}, {"gcc-12-base", "12.2.0-14"}, {"libc6", "2.36-9+deb12u9"},
		{"libgcc-s1", "12.2.0-14"}, {"libgreet1", "1:1.5.1-2"}} {
		in.Packages = append(in.Packages, Package{Provider: closure.Provider{Package: p[0], Dir: filepath.Join(built.dir, p[0])}, Version: p[1]})
	}
	in.Packages[2].Depends, in.Packages[3].Depends = []string{"libgcc-s1"}, []string{"gcc-12-base", "libc6"}
	var providers []closure.Provider
	for _, p := range in.Packages {
		providers = append(providers, p.Provider)
	}
	in.Closure, err = closure.Compute(context.Background(), out, providers, t)
	built.in = in
	return err
}

// writePackages makes the package trees, in the layout that package sysroot gives them.
func writePackages(dir string) error {
	files := map[string]string{
		"ca-certificates/data/usr/share/ca-certificates/mozilla/B.crt": "certificate B\n",
		"ca-certificates/data/usr/share/ca-certificates/mozilla/A.crt": "certificate A",
		"ca-certificates/data/usr/sbin/update-ca-certificates":         "#!/bin/sh\n",
		"ca-certificates/data/usr/share/doc/ca-certificates/copyright": "MPL\n",
		"gcc-12-base/data/usr/share/doc/gcc-12-base/copyright":         "GPL with exception\n",
		"libc6/data/usr/share/doc/libc6/copyright":                     "LGPL\n",
		"libc6/data/usr/share/man/man7/libc.7":                         "manual\n",
		"libc6/data/etc/ld.so.conf.d/x.conf":                           "/usr/lib/x86_64-linux-gnu\n",
		"libc6/control/control":                                        "Package: libc6\nVersion: 2.36-9\n",
		"libgreet1/data/usr/share/doc/libgreet1/copyright":             "MIT\n",
		"libgreet1/data/usr/share/greet/greeting":                      "hello\n",
		"libgreet1/control/control":                                    "Package: libgreet1\n",
		"libgreet1/control/md5sums": "00000000000000000000000000000001  usr/share/greet/greeting\n" +
			"00000000000000000000000000000002  usr/share/man/man1/greet.1.gz\n",
		"module/LICENSE":    "licence of m\n",
		"module/NOTICE.txt": "notice of m\n",
		"module/main.go":    "package m\n",
		"app/main.go":       program,
		"app/go.mod":        "module example.com/app\n\ngo 1.24\n",
		"greet.c":           "const char *greet(void) { return \"hello\"; }\n",
	}
	for name, text := range files {
		if err := put(filepath.Join(dir, name), []byte(text)); err != nil {
			return err
		}
	}
	for from, to := range map[string]string{
		"libc.so.6": "libc6", "libm.so.6": "libc6", "ld-linux-x86-64.so.2": "libc6", "libgcc_s.so.1": "libgcc-s1",
	} {
		b, err := os.ReadFile("/lib/x86_64-linux-gnu/" + from)
		if err != nil {
			return err
		}
		if err := put(filepath.Join(dir, to, "data", libdir, from), b); err != nil {
			return err
		}
	}
	links := map[string]string{
		"libc6/data/usr/lib64/ld-linux-x86-64.so.2": "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"libc6/data/lib":                              "usr/lib",
		"libc6/data/lib64":                            "usr/lib64",
		"libgcc-s1/data/usr/share/doc/libgcc-s1":      "gcc-12-base",
		"libgreet1/data/" + libdir + "/libgreet.so.1": "libgreet.so.1.0",
	}
	gcc := exec.Command("gcc", "-shared", "-Wl,-soname,libgreet.so.1,-rpath,/opt/lib", "-o", filepath.Join(dir, "libgreet.so"), filepath.Join(dir, "greet.c"))
	if said, err := gcc.CombinedOutput(); err != nil {
		return errorf("gcc: %v\n%s", err, said)
	}
	b, err := os.ReadFile(filepath.Join(dir, "libgreet.so"))
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, "libgreet1/data", libdir, "libgreet.so.1.0"), b); err != nil {
		return err
	}
	for name, to := range links {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func put(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o644)
}

func compileProgram(dir, out string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w -buildid=", "-o", out, ".")
	cmd.Dir = filepath.Join(dir, "app")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "CC=gcc", "GOFLAGS=", "GOWORK=off", "CGO_LDFLAGS=-L"+dir)
	if said, err := cmd.CombinedOutput(); err != nil {
		return errorf("go build: %v\n%s", err, said)
	}
	return nil
}

func packed(t *testing.T, p Packer, in In) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Pack(context.Background(), in, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack writes a tar archive, compressed or not, to a folder and returns the headers by name.
func unpack(t *testing.T, archive []byte, dir string) map[string]*tar.Header {
	t.Helper()
	var r io.Reader = bytes.NewReader(archive)
	if z, err := gzip.NewReader(bytes.NewReader(archive)); err == nil {
		r = z
	}
	all := map[string]*tar.Header{}
	for in := tar.NewReader(r); ; {
		hdr, err := in.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(hdr.Name, "./")
		all[strings.TrimSuffix(name, "/")] = hdr
		at := filepath.Join(dir, name)
		switch hdr.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(at, 0o755)
		case tar.TypeSymlink:
			err = os.Symlink(hdr.Linkname, at)
		default:
			var b []byte
			if b, err = io.ReadAll(in); err == nil {
				err = os.WriteFile(at, b, os.FileMode(hdr.Mode))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
