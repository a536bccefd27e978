//go:build linux

package pack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/graft-build/graft/target"
)

// fixed is a packer of known bytes.
type fixed struct {
	name, text string
	err        error
}

func (f fixed) Kind() string       { return "fixed" }
func (f fixed) FileName(In) string { return f.name }
func (f fixed) Pack(_ context.Context, _ In, w io.Writer) error {
	if _, err := io.WriteString(w, f.text); err != nil {
		return err
	}
	return f.err
}

func jobs(packers ...Packer) (all []Job) {
	for _, p := range packers {
		all = append(all, Job{Packer: p, In: In{Target: target.Target{Name: "linux/test"}}})
	}
	return all
}

// state is a folder's files with their content.
func state(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		all[rel] = "folder"
		if !d.IsDir() {
			b, err := os.ReadFile(path)
			all[rel] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "dist")
	locked := 0
	d := Dist{Dir: dir, Jobs: 2, Lock: func(context.Context) (func(), error) { locked++; return func() { locked-- }, nil }}
	made, err := d.Write(t.Context(), jobs(fixed{"b.txt", "bee", nil}, fixed{"a.txt", "ay", nil}, fixed{"b.txt", "bee", nil}))
	if err != nil || locked != 0 {
		t.Fatal(err, locked)
	}
	if len(made) != 3 || made[1].File != "a.txt" || made[1].Size != 2 || made[0].Target != "linux/test" {
		t.Errorf("got %+v", made)
	}
	if d := cmp.Diff(map[string]string{".": "folder", "a.txt": "ay", "b.txt": "bee",
		SumsFile: made[1].SHA256.Hex() + "  a.txt\n" + made[0].SHA256.Hex() + "  b.txt\n", ArtifactsFile: string(EncodeArtifacts(made))}, state(t, dir)); d != "" {
		t.Error(d)
	}
	back, err := DecodeArtifacts(EncodeArtifacts(made))
	if d := cmp.Diff(made, back); err != nil || d != "" {
		t.Error(err, d)
	}
	if tool, err := exec.LookPath("sha256sum"); err == nil {
		cmd := exec.Command(tool, "--check", "--strict", SumsFile)
		cmd.Dir = dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
	}
	// Again: replaced, and what graft did not make stays.
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, stageName), 0o755); err != nil { // a killed process left it
		t.Fatal(err)
	}
	if _, err := d.Write(t.Context(), jobs(fixed{"a.txt", "new", nil})); err != nil {
		t.Fatal(err)
	}
	got := state(t, dir)
	if got["a.txt"] != "new" || got["b.txt"] != "bee" || got["mine"] != "mine" || strings.Contains(got[SumsFile], "b.txt") || len(got) != 6 {
		t.Errorf("got %v", got)
	}
}

// TestDistFails checks that a folder is as it was after anything goes wrong.
func TestDistFails(t *testing.T) {
	boom := errors.New("boom")
	for _, tt := range []struct {
		name, want string
		jobs       []Job
		prepare    func(t *testing.T, dir string)
		ctx        func(context.Context) context.Context
	}{
		{name: "packer fails", want: "boom", jobs: jobs(fixed{"a.txt", "new", nil}, fixed{"c.txt", "half", boom})},
		{name: "same name, other content", want: "both make a.txt", jobs: jobs(fixed{"a.txt", "x", nil}, fixed{"a.txt", "y", nil})},
		{name: "bad name", want: "no name for a file", jobs: jobs(fixed{"../a.txt", "x", nil})},
		{name: "reserved name", want: "no name for a file", jobs: jobs(fixed{SumsFile, "x", nil})},
		{name: "folder in the way", want: "is a folder", jobs: jobs(fixed{"a.txt", "new", nil}, fixed{"z.txt", "new", nil}),
			prepare: func(t *testing.T, dir string) {
				if err := os.Mkdir(filepath.Join(dir, "z.txt"), 0o755); err != nil {
					t.Fatal(err)
				}
			}},
		{name: "cancelled", want: "context canceled", jobs: jobs(fixed{"a.txt", "new", nil}), ctx: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			d := Dist{Dir: dir}
			if _, err := d.Write(t.Context(), jobs(fixed{"a.txt", "old", nil})); err != nil {
				t.Fatal(err)
			}
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			before := state(t, dir)
			ctx := t.Context()
			if tt.ctx != nil {
				ctx = tt.ctx(ctx)
			}
			_, err := d.Write(ctx, tt.jobs)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if d := cmp.Diff(before, state(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
	dir := filepath.Join(t.TempDir(), "dist")
	if _, err := (Dist{Dir: dir}).Write(t.Context(), jobs(fixed{"a", "x", boom})); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

// TestDistFullDisk writes to a file system without room.
func TestDistFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("may not mount a small file system: ", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Dist{Dir: dir}.Write(t.Context(), jobs(fixed{"a.txt", strings.Repeat("x", 1<<20), nil}))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(map[string]string{".": "folder", "a.txt": "old"}, state(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestDecodeArtifactsRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":              "unexpected end",
		`{"version":2}`: "version 2",
		`{"version":1,"artifacts":[{"file":"../x","sha256":"` + strings.Repeat("0", 64) + `"}]}`: "bad artifact",
		`{"version":1,"artifacts":[{"file":"x","sha256":"0"}]}`:                                  "parse digest",
	} {
		if _, err := DecodeArtifacts([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", in, err, want)
		}
	}
}

func FuzzDecodeArtifacts(f *testing.F) {
	f.Add(EncodeArtifacts([]Artifact{{"deb", "rpi4", "a.deb", 3, [32]byte{1}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeArtifacts(b)
		if err != nil {
			return
		}
		again, err := DecodeArtifacts(EncodeArtifacts(a))
		if d := cmp.Diff(a, again); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
	})
}

// forLinux are the packers of Linux programs. TestZip packs the same zip twice.
var forLinux = []Packer{TarGz{}, Deb{}, OCI{}}

// TestSameBytes packs everything twice: in other folders, in another time zone, under
// another umask, from files with other times.
func TestSameBytes(t *testing.T) {
	in := fixture(t)
	first := map[string][]byte{}
	for _, p := range forLinux {
		first[p.Kind()] = packed(t, p, in)
	}
	elsewhere := t.TempDir()
	if said, err := exec.Command("cp", "-R", built.dir+"/.", elsewhere).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	local := time.Local
	time.Local = time.FixedZone("elsewhere", 5*3600+1800)
	mask := syscall.Umask(0o077)
	defer func() {
		time.Local = local
		syscall.Umask(mask)
	}()
	t.Setenv("TZ", "Asia/Kolkata")
	t.Setenv("SOURCE_DATE_EPOCH", "12345")
	filepath.WalkDir(elsewhere, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			os.Chtimes(path, time.Unix(5, 0), time.Unix(5, 0))
			os.Chmod(path, 0o600)
		}
		return nil
	})
	move := func(path string) string { return filepath.Join(elsewhere, strings.TrimPrefix(path, built.dir)) }
	other := in
	other.Temp = t.TempDir()
	other.Program = move(in.Program)
	other.Packages, other.Modules, other.Closure.Libraries = nil, nil, nil
	for _, p := range in.Packages {
		p.Dir = move(p.Dir)
		other.Packages = append(other.Packages, p)
	}
	for _, m := range in.Modules {
		m.Dir = move(m.Dir)
		other.Modules = append(other.Modules, m)
	}
	for _, l := range in.Closure.Libraries {
		l.Path = move(l.Path)
		other.Closure.Libraries = append(other.Closure.Libraries, l)
	}
	for _, p := range forLinux {
		if got := packed(t, p, other); !bytes.Equal(got, first[p.Kind()]) {
			t.Errorf("%s: %d bytes, before %d, and others", p.Kind(), len(got), len(first[p.Kind()]))
		}
		if bytes.Contains(first[p.Kind()], []byte(built.dir)) {
			t.Errorf("%s has a path of this machine", p.Kind())
		}
	}
	dist := Dist{Dir: filepath.Join(elsewhere, "dist")}
	if _, err := dist.Write(t.Context(), []Job{{Packer: TarGz{}, In: other}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ArtifactsFile, SumsFile, TarGz{}.FileName(in)} {
		if fi, err := os.Stat(filepath.Join(dist.Dir, name)); err != nil || fi.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v", name, fi.Mode(), err)
		}
	}
}
