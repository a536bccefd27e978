package debian

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/resolve"
)

// blas is an archive where update-alternatives makes what is searched for, and one with two
// C++ compilers.
func blas(t testing.TB) *archive {
	t.Helper()
	a := &archive{}
	const lib = "usr/lib/" + testTriplet + "/"
	install := func(name, to string) string {
		return "update-alternatives --install /" + lib + name + " " + name + " /" + lib + to + " 10 "
	}
	a.add(t, madeSuite{suite: "bookworm", packages: []fake{
		{name: "libblas-dev", section: "libdevel", depends: "libblas3", files: map[string]string{
			lib + "blas/libblas.so": "-> libblas.so.3", lib + "blas/libblas.a": "!<arch>\n", "usr/include/" + testTriplet + "/cblas-netlib.h": "",
			lib + "pkgconfig/blas-netlib.pc": "Name: b\nDescription: x\nVersion: 1\nLibs: -lblas\n",
		}, postinst: install("libblas.so", "blas/libblas.so") + "\\\n --slave /usr/include/" + testTriplet + "/cblas.h h /usr/include/" + testTriplet +
			"/cblas-netlib.h --slave /" + lib + "pkgconfig/blas.pc pc /" + lib + "pkgconfig/blas-netlib.pc\n"},
		{name: "libblas3", files: map[string]string{lib + "blas/libblas.so.3": "\x7fELF"}, postinst: install("libblas.so.3", "blas/libblas.so.3")},
		{name: "libopen-dev", section: "libdevel", files: map[string]string{
			lib + "open/libblas.so": "-> libblas.so.3", lib + "open/pkgconfig/blas-open.pc": "Name: b\nDescription: x\nVersion: 1\nLibs: -lblas\n", "usr/include/open.h": "",
		}, postinst: install("libblas.so", "open/libblas.so")},
		{name: "liblapack-dev", section: "libdevel", depends: "libblas-dev", files: map[string]string{"usr/include/lapack.h": ""}},
		{name: "player", section: "libdevel", files: map[string]string{lib + "player/libplugin.so": "\x7fELF", "usr/include/player.h": ""}},
		{name: "libstdc++6", source: "gcc-12", version: "12.2.0-14", files: map[string]string{lib + "libstdc++.so.6": "\x7fELF"}},
		{name: "libstdc++-12-dev", source: "gcc-12", section: "libdevel", files: map[string]string{"usr/include/c++/12/vector": ""}},
		{name: "libstdc++-13-dev", source: "gcc-13", section: "libdevel", files: map[string]string{"usr/include/c++/13/vector": ""}},
	}})
	a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"security"}, validUntil: now.AddDate(0, 0, 5)})
	return a
}

func TestFindAlternative(t *testing.T) {
	r := open(t, configFor(t, &events{}, blas(t).serve(t)))
	for need, want := range map[string]string{
		"lib:blas":        "libblas-dev libopen-dev", // liblapack-dev depends on the first
		"lib:plugin":      "",                        // nothing links to it
		"pkg-config:blas": "libblas-dev",
		"lib:stdc++":      "libstdc++-12-dev own",
	} {
		kind, name, _ := strings.Cut(need, ":")
		found, err := r.Find(t.Context(), resolve.Need{Kind: resolve.NeedKind(kind), Name: name})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range found {
			got = append(got, c.Name)
			if c.Own {
				got = append(got, "own")
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", need, got, want)
		}
	}
	p, _, err := r.Package("libblas-dev")
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Develop(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := resolve.Development{
		Configs: []resolve.Config{{Name: "blas", Libs: []string{"blas"}}, {Name: "blas-netlib", Libs: []string{"blas"}}},
		Links:   []resolve.Link{{Name: "blas", Targets: []string{"libblas.so.3"}}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	f, err := r.Files(t.Context(), p)
	if err != nil || !strings.Contains(strings.Join(f.Headers, " "), "cblas.h") {
		t.Errorf("%+v %v", f, err)
	}
	if p, _, err = r.Package("libblas3"); err != nil {
		t.Fatal(err)
	}
	if f, err := r.Files(t.Context(), p); err != nil || len(f.Libraries) != 1 || f.Libraries[0] != "libblas.so.3" {
		t.Errorf("%+v %v", f, err)
	}
}
