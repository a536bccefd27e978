package detect

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/resolve"
)

const withC = `
-- app/go.mod --
module example.com/app

go 1.24
-- app/main.go --
package main

/*
#cgo CFLAGS: -DUSE_FOO=1 -I${SRCDIR}/include -I/opt/homebrew/include/SDL2
#cgo windows LDFLAGS: -lws2_32
#include <stdio.h>
#include <own.h>
#include <SDL.h>
#include "beside.h"
#ifdef USE_FOO
#include <foo/foo.h>
#else
#include <bar.h>
#endif
#ifdef _WIN32
#include <windows.h>
#include <winfoo.h>
#elif defined(__APPLE__)
#include <CoreFoundation/CoreFoundation.h>
#endif
*/
import "C"

func main() {}
-- app/include/own.h --
#pragma once
#include <inner.h>
#ifdef __arm__
#include <armonly.h>
#endif
-- app/beside.h --
#include "generated.h"
#include "_cgo_export.h"
-- app/code.c --
#include <code.h> /* <not.h> */
#ifdef __cplusplus
#include <not.h>
#endif
-- app/code.cc --
#include <vector>
#ifdef __cplusplus
#include <plus.h>
#endif
-- app/code_windows.c --
#include <winonly.h>
-- app/start.S --
#ifdef __ASSEMBLER__
#include <asm.h>
#endif
`

func TestHeaders(t *testing.T) {
	dir := tree(t, withC)
	d, _ := testDeps(t)
	c := composed(t, d, compose.Spec{App: "app", Dir: dir})
	const all = "header:SDL.h header:asm.h header:code.h header:foo/foo.h header?:generated.h header:inner.h header:plus.h"
	for name, want := range map[string]string{
		"linux/amd64":      all + " lib:stdc++",
		"linux/amd64/musl": all,
		"rpi4":             "header:SDL.h header:armonly.h header:asm.h header:code.h header:foo/foo.h header?:generated.h header:inner.h header:plus.h lib:stdc++",
		"windows/amd64":    all + " header:windows.h header:winfoo.h header:winonly.h lib:ws2_32",
	} {
		r, err := Detect(t.Context(), d, c, parse(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range r.Needs {
			s := n.String()
			if n.Soft {
				s = strings.Replace(s, ":", "?:", 1)
			}
			if n.Name == "SDL.h" && !slices.Equal(n.Places, []string{"SDL2/SDL.h"}) {
				t.Errorf("%s: SDL.h may be at %q", name, n.Places)
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The C of a user's folder is read again when it changes, and when a header comes to be there.
func TestHeadersMemo(t *testing.T) {
	dir := tree(t, withC)
	d, ran := testDeps(t)
	c := composed(t, d, compose.Spec{App: "app", Dir: dir})
	target := parse(t, "linux/amd64")
	for _, step := range []struct {
		name, file, text string
		runs             int
		needs            string
	}{
		{"first", "", "", 1, "header:inner.h"},
		{"nothing", "", "", 0, "header:inner.h"},
		{"another include", "app/include/own.h", "#include <other.h>\n", 1, "header:other.h"},
		{"a header of its own", "app/include/foo/foo.h", "", 1, "header:other.h"},
		{"nothing again", "", "", 0, "header:other.h"},
	} {
		if step.file != "" {
			write(t, filepath.Join(dir, step.file), step.text)
		}
		*ran = 0
		r, err := Detect(t.Context(), d, c, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if has := slices.ContainsFunc(r.Needs, func(n resolve.Need) bool { return n.String() == step.needs }); !has || *ran != step.runs {
			t.Errorf("%s: %d processes, want %d: %v", step.name, *ran, step.runs, r.Needs)
		}
	}
}

// What can be compiled for no target, or not for this one, is refused with its file.
func TestRefused(t *testing.T) {
	const base = "-- app/go.mod --\nmodule example.com/app\n\ngo 1.24\n-- app/main.go --\npackage main\n\n// #cgo LDFLAGS: -L${SRCDIR}/lib -lpre ${SRCDIR}/one.a\nimport \"C\"\n\nfunc main() {}\n"
	arm := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 11) + "\xb7\x00" + strings.Repeat("\x00", 44)
	archive := "!<arch>\nx.o/            0           0     0     644     64        `\n" + arm
	for _, tt := range []struct{ name, file, text, want string }{
		{"nothing", "app/README", "", ""},
		{"Fortran", "app/f.f90", "", "app/f.f90: package example.com/app: Fortran cannot be compiled"},
		{"SWIG", "app/x.swigcxx", "", "app/x.swigcxx: package example.com/app: SWIG's interface files need the program swig"},
		{"archive", "app/one.a", archive, "one.a was compiled elsewhere, as ELF for arm64; linux/amd64 needs ELF for amd64"},
		{"library by -l", "app/lib/libpre.a", archive, "lib/libpre.a was compiled elsewhere"},
		{"library of macOS", "app/lib/libpre.so", "\xcf\xfa\xed\xfe\x0c\x00\x00\x01" + strings.Repeat("\x00", 60), "as Mach-O for arm64"},
		{"syso", "app/x.syso", "\x64\x86\x02\x00" + strings.Repeat("\x00", 60), "x.syso was compiled elsewhere, as COFF for amd64"},
		{"archive of nothing", "app/one.a", "!<arch>\n", ""},
		{"no archive", "app/one.a", "hello", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, base)
			write(t, filepath.Join(dir, tt.file), tt.text)
			d, _ := testDeps(t)
			c := composed(t, d, compose.Spec{App: "app", Dir: dir})
			_, err := Detect(t.Context(), d, c, parse(t, "linux/amd64"), nil)
			switch {
			case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"))
	f.Add([]byte("\x64\x86\x02\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, ok := identify(b); ok && (o.arch == "" || o.format == "") {
			t.Errorf("%+v", o)
		}
		identifyArchive(strings.NewReader("!<arch>\n" + string(b)))
	})
}
