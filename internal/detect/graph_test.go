package detect

import (
	"slices"
	"testing"

	"github.com/graft-build/graft/internal/resolve"
)

func TestGraphPath(t *testing.T) {
	g := &Graph{imports: map[string][]string{"app": {"fmt", "p", "lib"}, "p": {"a"}, "a": {"b", "app"}, "lib": {"b"}, "b": nil}}
	for _, tt := range []struct {
		from, to string
		without  []string
		want     []string
	}{
		{"app", "b", nil, []string{"app", "lib", "b"}},
		{"p", "b", nil, []string{"p", "a", "b"}},
		{"app", "a", []string{"p"}, nil},
		{"app", "fmt", nil, nil},
		{"b", "b", nil, []string{"b"}},
	} {
		if got := g.Path(tt.from, func(pkg string) bool { return pkg == tt.to }, tt.without...); !slices.Equal(got, tt.want) {
			t.Errorf("%s to %s: got %q, want %q", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestStates(t *testing.T) {
	for _, tt := range []struct {
		line string
		need string
		want bool
	}{
		{"// #cgo linux pkg-config: --static cairo pango", "pkg-config:cairo", true},
		{"#cgo pkg-config: cairo-gobject", "pkg-config:cairo", false},
		{"#cgo LDFLAGS: -L. -lpcap", "lib:pcap", true},
		{"#cgo LDFLAGS: -lpcapx", "lib:pcap", false},
		{"  # include <pcap.h>", "header:pcap.h", true},
		{"// pcap.h is what #cgo wants", "header:pcap.h", false},
	} {
		var n resolve.Need
		for _, kind := range []resolve.NeedKind{resolve.PkgConfig, resolve.Library, resolve.Header} {
			if k := len(kind); len(tt.need) > k && tt.need[:k] == string(kind) {
				n = resolve.Need{Kind: kind, Name: tt.need[k+1:]}
			}
		}
		if got := states(tt.line, n); got != tt.want {
			t.Errorf("%q states %s: got %v", tt.line, tt.need, got)
		}
	}
}
