package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
)

func TestMarks(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "a")
	now := time.Now()
	h := &Hasher{Now: func() time.Time { return now }}
	marks := func() (digest.Digest, bool) {
		t.Helper()
		d, settled, err := h.Marks(t.Context(), dir, func(p string) bool { return filepath.Base(p) == "skipped" })
		if err != nil {
			t.Fatal(err)
		}
		return d, settled
	}
	seen := map[digest.Digest]string{}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a file", func() error {
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("1"), 0o644))
		}},
		{"its time", func() error { return os.Chtimes(file, now, now.Add(-time.Hour)) }},
		{"its mode", func() error { return os.Chmod(file, 0o755) }},
		{"its size", func() error { return os.WriteFile(file, []byte("22"), 0o644) }},
		{"its name", func() error { return os.Rename(file, file+"b") }},
		{"another", func() error { return os.Symlink("nowhere", filepath.Join(dir, "link")) }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		d, _ := marks()
		if before, ok := seen[d]; ok {
			t.Errorf("%s: as after %s", step.name, before)
		}
		seen[d] = step.name
	}
	before, settled := marks()
	if settled {
		t.Error("files of this moment are settled")
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "skipped"), 0o755), os.WriteFile(filepath.Join(dir, "skipped", "x"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if after, settled := marks(); after != before || !settled {
		t.Errorf("%v against %v, settled %v", after, before, settled)
	}
}

func TestMarksOfMany(t *testing.T) {
	dir := t.TempDir()
	for i := range maxMarks + 1 {
		if err := os.Symlink("x", filepath.Join(dir, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	h := &Hasher{Now: time.Now}
	if _, _, err := h.Marks(t.Context(), dir, func(string) bool { return false }); !errors.Is(err, ErrMany) {
		t.Errorf("got %v", err)
	}
}
