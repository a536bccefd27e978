package graft

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/graft-build/graft/internal/distro/debian"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
)

// archive answers what dependencies packages have.
type archive struct {
	resolve.Repository
	depends map[string][]string
}

func (a archive) Depends(_ context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	var out []resolve.Dependency
	for _, d := range a.depends[p.Name] {
		out = append(out, resolve.Dependency{Text: d})
	}
	return out, nil
}

func TestTogether(t *testing.T) {
	now := resolve.Result{Packages: []resolve.Resolved{
		{Package: resolve.Package{Name: "liba", Version: "2", Source: "a"}},
		{Package: resolve.Package{Name: "liba-dev", Version: "2", Source: "a"}},
		{Package: resolve.Package{Name: "libb", Version: "2", Source: "b"}},
		{Package: resolve.Package{Name: "libc", Version: "2"}},
		{Package: resolve.Package{Name: "libd", Version: "2"}},
	}}
	var old []lock.Package
	for _, p := range now.Packages {
		old = append(old, lock.Package{Name: p.Name, Version: "1"})
	}
	a := archive{depends: map[string][]string{"liba": {"libb (>= 2)", "libd (>= 1)"}, "libb": {"libc (>= 1.5) | libx"}}}
	for _, tt := range []struct{ names, want []string }{
		{[]string{"liba-dev"}, []string{"liba", "liba-dev", "libb", "libc"}},
		{[]string{"libb"}, []string{"libb", "libc"}},
		{[]string{"libd"}, []string{"libd"}},
		{[]string{"gone"}, nil},
	} {
		got, err := together(t.Context(), a, now, old, tt.names, debian.Meets)
		if err != nil {
			t.Fatal(err)
		}
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.names, names, tt.want)
		}
	}
}

func TestSortUpdates(t *testing.T) {
	l := &lock.Lock{
		Composition: lock.Composition{Plugins: []string{"example.com/m/p@v1.0.0"}},
		Modules:     []lock.Module{{Path: "example.com/m", Version: "v1.0.0"}},
		Packages:    []lock.Package{{Name: "libz"}},
	}
	got, err := Update{Names: []string{"go", "libz", "example.com/m@v2.0.0", "example.com/m/p"}}.sort(l)
	if err != nil || !got.goAnew || !slices.Equal(got.packages, []string{"libz"}) || !slices.Equal(got.modules, []string{"example.com/m@v2.0.0", "example.com/m"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, name := range []string{"libzz", "example.com/m/other"} {
		if _, err := (Update{Names: []string{name}}).sort(l); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
