package alternatives

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		want         []Alternative
	}{
		{"master and slaves", "#!/bin/sh\nset -e\nupdate-alternatives --install /usr/lib/t/libblas.so \\\n  libblas.so-t \\\n\t/usr/lib/t/blas/libblas.so 10 --slave /usr/include/t/cblas.h cblas.h-t /usr/include/t/cblas-netlib.h\nexit 0\n", []Alternative{
			{"usr/lib/t/libblas.so", "usr/lib/t/blas/libblas.so", 10}, {"usr/include/t/cblas.h", "usr/include/t/cblas-netlib.h", 10},
		}},
		{"options apart, in a condition", "if [ \"$1\" = configure ]; then\nupdate-alternatives \\\n --quiet --install \"/usr/lib/a\" a /usr/lib/b 5 || true\nfi\n", []Alternative{{"usr/lib/a", "usr/lib/b", 5}}},
		{"two of them", "/usr/bin/update-alternatives --install /a a /b 1\nupdate-alternatives --install /c c /d -3\n", []Alternative{{"a", "b", 1}, {"c", "d", -3}}},
		{"variables", "update-alternatives --install /usr/lib/$m/a a /usr/lib/b 5 --slave /usr/lib/c c /usr/lib/d\n", []Alternative{{"usr/lib/c", "usr/lib/d", 5}}},
		{"removal", "update-alternatives --remove a /usr/lib/a\n", nil},
		{"outside", "update-alternatives --install /../a a /b/../../c 1\nupdate-alternatives --install a a b 1\n", nil},
		{"broken", "update-alternatives --install /a a\nupdate-alternatives --install /a a /b x\nupdate-alternatives --install /a a /b\n", nil},
		{"none", "", nil},
	} {
		if diff := cmp.Diff(tt.want, Parse([]byte(tt.script))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("update-alternatives --install /usr/lib/a a /usr/lib/b 5 --slave /c c /d\n")
	f.Fuzz(func(t *testing.T, script string) {
		for _, a := range Parse([]byte(script)) {
			for _, p := range []string{a.Link, a.Path} {
				if p == "" || path.IsAbs(p) || path.Clean("/"+p) != "/"+p || strings.ContainsAny(p, "$\x00") {
					t.Errorf("%+v", a)
				}
			}
		}
	})
}
