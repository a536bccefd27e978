package debian

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/resolve"
)

func open(t testing.TB, c Config) *Repository {
	t.Helper()
	r, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func names2(ps []resolve.Resolved) string {
	var b strings.Builder
	for _, p := range ps {
		flags := ""
		if p.Build {
			flags += "B"
		}
		if p.Run {
			flags += "R"
		}
		b.WriteString(p.Name + " " + p.Version + " " + p.RepoID + " " + flags + " " + strings.Join(p.Depends, ",") + "\n")
	}
	return b.String()
}

func TestClosures(t *testing.T) {
	a := menagerie(t)
	c := configFor(t, &events{}, a.serve(t))
	r := open(t, c)
	needs := []resolve.Need{{Kind: resolve.PkgConfig, Name: "cairo"}}
	res, err := resolve.Closures(t.Context(), r, needs, []string{"ca-certificates"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `ca-certificates 1.0-1 bookworm R 
fontconfig-config 1.0-1 bookworm R tz
gcc-12-base 1.0-1 bookworm R 
libc6 2.36-9 bookworm R libgcc-s1
libcairo2 1.0-1 bookworm BR fontconfig-config,libc6,libpng16
libcairo2-dev 1.0-1 bookworm B libcairo2,libpng-dev,libx11-dev
libgcc-s1 1.0-1 bookworm R gcc-12-base,libc6
libpng-dev 1.6-1+deb12u1 bookworm-security B libpng16,zlib1g-dev
libpng16 1.6-1+deb12u1 bookworm-security BR libc6,zlib1g
libx11-dev 1.0-1 bookworm B x11proto-dev
tz 1.0-1 bookworm R 
x11proto-dev 1.0-1 bookworm B 
zlib1g 1.0-1 bookworm BR libc6
zlib1g-dev 1.0-1 bookworm B zlib1g
`
	if d := cmp.Diff(want, names2(res.Packages)); d != "" {
		t.Error(d)
	}
	// A second process on the same store asks for the signed indexes alone.
	a.requests = nil
	again, err := resolve.Closures(t.Context(), open(t, c), needs, []string{"ca-certificates"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(res, again); d != "" {
		t.Error("the second result differs", d)
	}
	if len(a.requests) != 2 || !strings.HasSuffix(a.requests[0], "InRelease") || !strings.HasSuffix(a.requests[1], "InRelease") {
		t.Errorf("the second run asked for %q", a.requests)
	}
	// A file: address serves as well, and a new store comes to the same result.
	fresh, err := resolve.Closures(t.Context(), open(t, configFor(t, &events{}, a.serve(t))), needs, []string{"ca-certificates"})
	if err != nil || !cmp.Equal(res, fresh) {
		t.Errorf("on a new store: %v %s", err, cmp.Diff(res, fresh))
	}
}

func TestRecords(t *testing.T) {
	a := menagerie(t)
	r := open(t, configFor(t, &events{}, a.serve(t)))
	records := r.Records()
	if len(records) != 2 {
		t.Fatalf("records %+v", records)
	}
	for i, id := range []string{"bookworm", "bookworm-security"} {
		got := records[i]
		if got.ID != id || got.Suite != id || got.Name != "debian-bookworm" || got.Format != "deb" || got.Date != "2026-03-01T10:00:00Z" || got.Index.IsZero() {
			t.Errorf("record %+v", got)
		}
		if strings.Contains(got.Base, "127.0.0.1") {
			t.Errorf("a mirror's address is recorded: %s", got.Base)
		}
	}
}

func TestFind(t *testing.T) {
	a := menagerie(t)
	ev := &events{}
	r := open(t, configFor(t, ev, a.serve(t)))
	find := func(kind resolve.NeedKind, name string) string {
		found, err := r.Find(t.Context(), resolve.Need{Kind: kind, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range found {
			out = append(out, c.Name+" "+c.Version+" "+c.File)
		}
		return strings.Join(out, "; ")
	}
	lib := "usr/lib/" + testTriplet + "/"
	for _, c := range []struct {
		kind       resolve.NeedKind
		name, want string
	}{
		{resolve.PkgConfig, "cairo", "libcairo2-dev 1.0-1 " + lib + "pkgconfig/cairo.pc"},
		{resolve.PkgConfig, "both", "libb-dev 1.0-1 " + lib + "pkgconfig/both.pc; liba-dev 1.0-1 " + lib + "pkgconfig/both.pc"},
		{resolve.Library, "png16", "libpng-dev 1.6-1+deb12u1 " + lib + "libpng16.so"},
		{resolve.Library, ":libpng16.so", "libpng-dev 1.6-1+deb12u1 " + lib + "libpng16.so"},
		{resolve.Library, ":libpng16.a", ""},
		{resolve.Library, "m", "libc6-dev 1.0-1 " + lib + "libm.so"},
		{resolve.Header, "cairo/cairo.h", "libcairo2-dev 1.0-1 usr/include/cairo/cairo.h"},
		{resolve.NamePackage, "libpng16", "libpng16 1.6-1+deb12u1 "},
		{resolve.NamePackage, "x11proto-core-dev", "x11proto-dev 1.0-1 "},
		{resolve.NamePackage, "nothing", ""},
		{resolve.PkgConfig, "../../etc/passwd", ""},
	} {
		if got := find(c.kind, c.name); got != c.want {
			t.Errorf("%s:%s is in %q, want %q", c.kind, c.name, got, c.want)
		}
	}
	if r.all != nil {
		t.Error("the list for all architectures was read")
	}
	// Only packages for all architectures have it.
	if got := find(resolve.PkgConfig, "only"); got != "header-only-dev 1.0-1 usr/share/pkgconfig/only.pc" {
		t.Errorf("only.pc is in %q", got)
	}
	similar := func(kind resolve.NeedKind, name, want string) {
		got, err := r.Similar(t.Context(), resolve.Need{Kind: kind, Name: name})
		if s := strings.Join(got, " "); err != nil || s != want {
			t.Errorf("close to %s:%s is %q, %v; want %q", kind, name, s, err, want)
		}
	}
	similar(resolve.PkgConfig, "cario", "pkg-config:cairo")
	similar(resolve.PkgConfig, "Cairo", "pkg-config:cairo")
	similar(resolve.PkgConfig, "caro", "pkg-config:cairo")
	similar(resolve.Library, "png", "lib:png16")
	similar(resolve.Header, "cairo.h", "header:cairo/cairo.h")
	similar(resolve.NamePackage, "libcairo2dev", "package:libcairo2-dev")
	if owners, err := r.Owners(t.Context(), "usr/include/only/only.h"); err != nil || !slices.Equal(owners, []string{"header-only-dev"}) {
		t.Errorf("owners %q, %v", owners, err)
	}
	if libc, err := r.Libc(t.Context()); err != nil || libc != "2.36" {
		t.Errorf("libc %q, %v", libc, err)
	}
	if p, ok, err := r.Package("libpng16"); err != nil || !ok || p.Version != "1.6-1+deb12u1" {
		t.Errorf("package %+v, %v, %v", p, ok, err)
	}
}

func TestDepends(t *testing.T) {
	a := menagerie(t)
	r := open(t, configFor(t, &events{}, a.serve(t)))
	p, _, err := r.Package("libuser-dev")
	if err != nil {
		t.Fatal(err)
	}
	deps, err := r.Depends(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range deps {
		s := d.Text + ":"
		for _, c := range d.Candidates {
			s += " " + c.Name
		}
		got = append(got, s)
	}
	want := []string{"libb-dev: libb-dev", "libany:any:", "libmulti:any: libmulti", "libc6:amd64 | libc6:armhf: libc6"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMirrorOrder(t *testing.T) {
	empty, stale, foreign, good := &archive{}, menagerie(t), menagerie(t), menagerie(t)
	stale.add(t, madeSuite{suite: "bookworm", validUntil: now.Add(-time.Hour)})
	foreign.add(t, madeSuite{suite: "bookworm", keys: []string{"stranger"}})
	ev := &events{}
	r := open(t, configFor(t, ev, empty.serve(t), stale.serve(t), foreign.serve(t), good.serve(t)))
	if len(ev.warnings) != 2 || !strings.Contains(ev.warnings[0], "valid until") || !strings.Contains(ev.warnings[1], "none of the keys") {
		t.Errorf("warnings %q", ev.warnings)
	}
	if p, ok, err := r.Package("libcairo2"); !ok || err != nil {
		t.Errorf("package %v, %v", p, err)
	}
	// All fail: each is told.
	_, err := Open(t.Context(), configFor(t, &events{}, empty.serve(t), stale.serve(t), foreign.serve(t)))
	if !isExpired(err) || !isUnknownKey(err) || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v", err)
	}
}

func TestPlainNames(t *testing.T) {
	a := &archive{}
	a.add(t, madeSuite{suite: "bookworm", plain: true, packages: []fake{{name: "a"}}})
	a.add(t, madeSuite{suite: "bookworm-security", plain: true, keys: []string{"security"}})
	r := open(t, configFor(t, &events{}, a.serve(t)))
	if _, ok, err := r.Package("a"); !ok || err != nil {
		t.Errorf("package a: %v, %v", ok, err)
	}
}

func TestCancel(t *testing.T) {
	a := menagerie(t)
	c := configFor(t, &events{}, a.serve(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	open(t, c)
}

// TestBadPackage lets a package that the index vouches for be no package.
func TestBadPackage(t *testing.T) {
	a := menagerie(t)
	a.add(t, madeSuite{suite: "bookworm", packages: []fake{
		{name: "x-dev", deb: []byte("no package"), files: map[string]string{"usr/share/pkgconfig/x.pc": "x"}},
		{name: "libc6", version: "2.36-9"},
	}})
	r := open(t, configFor(t, &events{}, a.serve(t)))
	_, err := resolve.Closures(t.Context(), r, []resolve.Need{{Kind: resolve.PkgConfig, Name: "x"}}, nil)
	if err == nil || !strings.Contains(err.Error(), "x-dev") {
		t.Errorf("error %v", err)
	}
}
