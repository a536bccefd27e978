package compose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	base := t.TempDir()
	for _, d := range []string{"app", "a@b", "example.com"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		in   string
		want ref
		err  string
	}{
		{in: "app", want: ref{dir: base + "/app"}},
		{in: ".", want: ref{dir: base}},
		{in: "./app/", want: ref{dir: base + "/app"}},
		{in: "./app/../app", want: ref{dir: base + "/app"}},
		{in: base, want: ref{dir: base}},
		{in: "./a@b", want: ref{dir: base + "/a@b"}},
		{in: "example.com", want: ref{dir: base + "/example.com"}},
		{in: "example.com/x@v1.2.3", want: ref{path: "example.com/x", version: "v1.2.3"}},
		{in: "example.com/x/y/v2@latest", want: ref{path: "example.com/x/y/v2", version: "latest"}},
		{in: "example.com/x@feature/one", want: ref{path: "example.com/x", version: "feature/one"}},
		{in: "a@b", err: "missing dot in first path element"},
		{in: "example.com/x@", err: "no version after the @"},
		{in: "example.com/x@none", err: "no version"},
		{in: "example.com/x@v1 -x", err: "not allowed"},
		{in: "example.com/x@v1@v2", err: "not allowed"},
		{in: "-x.com/a@v1", err: "leading dash"},
		{in: "example.com/../x@v1", err: "invalid path element"},
		{in: "example.com/x y@v1", err: "invalid char"},
		{in: "nothing", err: "no such folder"},
		{in: "example.com/x", err: "example.com/x@latest"},
		{in: "a\x00b", err: "control character"},
		{in: "example.com/x@" + strings.Repeat("v", 300), err: "longer"},
	}
	for _, test := range tests {
		got, err := parseRef(base, test.in)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("parseRef(%q): got %v, want %q", test.in, err, test.err)
			}
			continue
		}
		test.want.text, test.want.dir = test.in, filepath.FromSlash(test.want.dir)
		if err != nil || got != test.want {
			t.Errorf("parseRef(%q) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"app", "example.com/x@v1.2.3", "./a@b", "@", "a@", "x.y/z@-v", "..\\x", "C:\\x@v1"} {
		f.Add(s)
	}
	base := f.TempDir()
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRef(base, s)
		if err != nil {
			return
		}
		if (r.dir == "") == (r.path == "") {
			t.Errorf("%q is neither a folder nor a module, or both: %+v", s, r)
		}
		if r.path != "" && (r.path+"@"+r.version != s || strings.HasPrefix(s, "-") || strings.ContainsAny(s, " \t\n\"'`$;&|<>\\")) {
			t.Errorf("%q was taken for a module", s)
		}
	})
}

// What passes checkStatement stays inside the function that it is put into.
func FuzzStatement(f *testing.F) {
	for _, s := range []string{"", "x()", "}\nfunc y() {", "/*", "//", "x := `", "}//", "{", "if x {}", "x(); }\nvar y = func() {", "return", "L:", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stmt string) {
		if checkStatement(stmt) != nil {
			return
		}
		src := "package main\nfunc init() {\n" + stmt + "\n}\nfunc after() {}\n"
		file, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%q does not parse in its place: %v", stmt, err)
		}
		if len(file.Decls) != 2 || len(file.Imports) != 0 || file.Decls[1].(*ast.FuncDecl).Name.Name != "after" {
			t.Errorf("%q gets out of its place", stmt)
		}
	})
}

func TestAlias(t *testing.T) {
	c := &composer{spec: Spec{Register: `register("x", {{.Entry}}, count)`}}
	taken := map[string]bool{"plugins": true}
	for _, test := range []struct{ name, want string }{
		{"one", "one"}, {"one", "one2"}, {"plugins", "plugins2"}, {"string", "string2"}, {"count", "count2"}, {"init", "init2"}, {"register", "register2"}, {"été", "été"},
	} {
		if got := c.alias(test.name, taken); got != test.want {
			t.Errorf("alias(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

// A file with its bodies cut out declares the same.
func TestWithoutBodies(t *testing.T) {
	d, _ := testDeps(t)
	for _, pkg := range []string{"net/http", "os", "go/parser", "runtime", "fmt", "text/template", "crypto/x509"} {
		dir := filepath.Join(d.Go.Root, "src", filepath.FromSlash(pkg))
		names, err := goFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			src := []byte(read(t, filepath.Join(dir, name)))
			whole, err := declarations(src)
			if err != nil {
				t.Fatal(err)
			}
			cut, err := declarations(withoutBodies(src))
			if err == nil && !slices.Equal(whole, cut) {
				t.Errorf("%s/%s: %d declarations, cut %d", pkg, name, len(whole), len(cut))
			}
		}
	}
}

func declarations(src []byte) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			names = append(names, "func "+fn.Name.Name)
			continue
		}
		m := map[string]bool{}
		declaredBy(d, m)
		for n := range m {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names, nil
}

func FuzzWithoutBodies(f *testing.F) {
	f.Add([]byte("package p\n\nfunc f() {\n}\n\nfunc g() {\n\tx()\n}\n"))
	f.Add([]byte("package p\nfunc f() {\n`\n}\n`\n}\nfunc g() {"))
	f.Fuzz(func(t *testing.T, src []byte) {
		if out := withoutBodies(src); len(out) > len(src) {
			t.Errorf("%q became longer: %q", src, out)
		}
	})
}

func TestRewriter(t *testing.T) {
	comp := Composition{
		Base: "/home/me",
		Dir:  "/store/trees/composition/abc/app", AppRoot: "/home/me/app", AppDir: "/home/me/app/cmd", Generated: "graft_plugins.go",
		LocalDirs: []LocalDir{
			{Root: "/home/me/app", Link: "/store/trees/composition/abc/app"},
			{Root: "/home/me/one", Link: "/store/trees/composition/abc/modules/example.com/one@local"},
			{Root: "/srv/two", Link: "/store/trees/composition/abc/modules/example.com/one/two@local"},
		},
	}
	in := `# example.com/app
./main.go:3:5: undefined: x
main.go:3:2: no required module provides package y
cmd/x/main.go:1:1: z
../modules/example.com/one@local/one.go:7:2: undefined: y
/store/trees/composition/abc/modules/example.com/one/two@local/sub/two.go:1: bad
go: error: ./other.go:1
cmd/graft_plugins.go:9:2: bad
/store/trees/composition/abc/app/cmd/graft_plugins.go:9:2: bad
`
	want := `# example.com/app
app/main.go:3:5: undefined: x
app/main.go:3:2: no required module provides package y
app/cmd/x/main.go:1:1: z
one/one.go:7:2: undefined: y
/srv/two/sub/two.go:1: bad
go: error: ./other.go:1
/store/trees/composition/abc/plugins.go:9:2: bad
/store/trees/composition/abc/plugins.go:9:2: bad
`
	if filepath.Separator != '/' {
		t.Skip("the paths are those of Unix")
	}
	if got := comp.Rewriter("").Rewrite(in); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
