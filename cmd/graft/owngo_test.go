package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWithOwnGo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"pkg/bin/graft", "pkg/lib/graft/go/bin/go", "other/go"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	exe, link := filepath.Join(dir, "pkg/bin/graft"), filepath.Join(dir, "graft")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "pkg/lib/graft/go/bin")
	for _, tt := range []struct{ env, exe, want string }{
		{"PATH=/none", exe, "PATH=/none" + string(filepath.ListSeparator) + own},
		{"PATH=/none", link, "PATH=/none" + string(filepath.ListSeparator) + own},
		{"", exe, "PATH=" + own},
		{"PATH=" + filepath.Join(dir, "other"), exe, ""}, // the user's own counts
		{"PATH=/none", filepath.Join(dir, "other/go"), ""},
	} {
		var env []string
		if tt.env != "" {
			env = append(env, tt.env)
		}
		want := slices.Clone(env)
		if tt.want != "" {
			want = append(want, tt.want)
		}
		if got := withOwnGo(slices.Clone(env), tt.exe); !slices.Equal(got, want) {
			t.Errorf("%q, %s: %q, want %q", tt.env, tt.exe, got, want)
		}
	}
}
