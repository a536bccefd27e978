package e2e

import (
	"strings"
	"testing"
)

// plugin writes a plugin with C in it.
func (w world) plugin(t *testing.T, name, goFile, cFile string) {
	t.Helper()
	w.write(t, name+"/go.mod", "module example.com/"+name+"\n\ngo 1.24\n")
	w.write(t, name+"/plugin.go", goFile)
	if cFile != "" {
		w.write(t, name+"/util.c", cFile)
	}
}

// TestTwiceDefined wants both plugins when their C code defines one symbol.
func TestTwiceDefined(t *testing.T) {
	w := newSmallWorld(t)
	const goFile = "package %s\n\n// int of_%s(void);\nimport \"C\"\n\nvar X = C.of_%s()\n"
	const cFile = "int helper(void) { return 1; }\n\nint of_%s(void) { return helper(); }\n"
	for _, name := range []string{"one", "two"} {
		w.plugin(t, name, strings.ReplaceAll(goFile, "%s", name), strings.ReplaceAll(cFile, "%s", name))
	}
	_, stderr, status := w.run(t, "build", "app", "--with", "one", "--with", "two")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{
		"duplicate symbol: helper", "the C symbol helper is defined by several packages",
		"one/util.c:1: package example.com/one of plugin ./one", "two/util.c:1: package example.com/two of plugin ./two",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in the message", want)
		}
	}
}

// TestBadC wants the plugin and the user's own file and line when C does not compile or link.
func TestBadC(t *testing.T) {
	for _, tt := range []struct {
		name, goFile, cFile string
		want                []string
	}{
		{"preamble", "package bad\n\n// static int f(void) { return undeclared; }\nimport \"C\"\n\nvar X = C.f()\n", "",
			[]string{"plugin ./bad does not compile", "bad/plugin.go:3:", "undeclared"}},
		{"call", "package bad\n\nimport \"C\"\n\nvar X = C.missing()\n", "",
			[]string{"plugin ./bad does not compile", "bad/plugin.go:5:", "missing"}},
		{"c file", "package bad\n\n// int f(void);\nimport \"C\"\n\nvar X = C.f()\n", "int f(void)\n{\n\treturn 1 +;\n}\n",
			[]string{"plugin ./bad does not compile", "bad/util.c:3:", "expected expression"}},
		{"header", "package bad\n\n// #include <nowhere.h>\nimport \"C\"\n\nvar X C.int\n", "",
			[]string{"header:nowhere.h", "example.com/bad", "packages"}},
		{"header that only the compiler misses", "package bad\n\n// #include <stdio.h>\n// #if BUFSIZ > 1\n// #include <expat.h>\n// #endif\nimport \"C\"\n\nvar X C.int\n", "",
			[]string{"plugin ./bad does not compile", "bad/plugin.go:5:", "expat.h is in libexpat1-dev", "packages"}},
		{"symbol", "package bad\n\n// int nowhere(void);\nimport \"C\"\n\nvar X = C.nowhere()\n", "",
			[]string{"undefined symbol: nowhere", "the linker fails", "#cgo"}},
		{"library", "package bad\n\n// #cgo LDFLAGS: -lnowhere\nimport \"C\"\n\nvar X C.int\n", "",
			[]string{"lib:nowhere", "example.com/bad"}},
		{"pkg-config", "package bad\n\n// #cgo pkg-config: nowhere\nimport \"C\"\n\nvar X C.int\n", "",
			[]string{"pkg-config:nowhere", "example.com/bad"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSmallWorld(t)
			w.plugin(t, "bad", tt.goFile, tt.cFile)
			before := tree(t, w.dir)
			_, stderr, status := w.run(t, "build", "app", "--with", "bad")
			if status != 1 {
				t.Errorf("status %d", status)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("no %q in the message", want)
				}
			}
			// No place that is not the user's own.
			for _, not := range []string{"/trees/", "cgo-gcc-prolog", "$WORK", "go-link-", w.store} {
				if strings.Contains(stderr, not) {
					t.Errorf("%q is in the message", not)
				}
			}
			unchanged(t, "the folder", before, tree(t, w.dir))
			if t.Failed() {
				t.Log(stderr)
			}
		})
	}
}
