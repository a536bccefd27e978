package pacman

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/resolve"
)

// openReal opens one of MSYS2's real databases of May 2024, signature and all. They are
// without file lists.
func openReal(t testing.TB, name string) *Repository {
	t.Helper()
	env, err := ParseEnvironment(name)
	if err != nil {
		t.Fatal(err)
	}
	mirror := t.TempDir()
	dir := filepath.Join(mirror, "mingw", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{name + ".db", name + ".db.sig"} {
		if err := os.WriteFile(filepath.Join(dir, f), readShared(t, "msys2-real", f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(t, env, "file://"+mirror)
	r, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOpenReal(t *testing.T) {
	r := openReal(t, "clang64")
	if s := r.State(); s.Date != "2024-05-27T06:59:17Z" || s.Base != "https://repo.msys2.org" {
		t.Errorf("state %+v", s)
	}
	all, err := r.Closure("cairo")
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, p := range all {
		size += p.Size
	}
	if len(all) < 30 || size < 40e6 || !strings.Contains(names(all), " python ") {
		t.Errorf("cairo's closure: %d packages, %d bytes: %s", len(all), size, names(all))
	}
	t.Logf("cairo's closure: %d packages, %.1f MB", len(all), float64(size)/1e6)
	got := strings.Join(r.Chain([]string{r.findPackage("cairo")[0].Name}, "mingw-w64-clang-x86_64-python"), " → ")
	if !strings.HasPrefix(got, "mingw-w64-clang-x86_64-cairo → mingw-w64-clang-x86_64-glib2 → ") {
		t.Errorf("why python: %s", got)
	}
	if _, err := r.Find(context.Background(), resolve.Need{Kind: resolve.PkgConfig, Name: "cairo"}); err == nil {
		t.Error("a .pc file found without file lists")
	}
}

// TestPacmanOracle compares closures with what Debian's pacman would install.
func TestPacmanOracle(t *testing.T) {
	tool, err := exec.LookPath("pacman")
	if err != nil {
		t.Skip("no pacman on this machine (apt-get install pacman-package-manager)")
	}
	if out, err := exec.Command(tool, "--version").Output(); err != nil || !strings.Contains(string(out), "libalpm") {
		t.Skip("the pacman on this machine is another program")
	}
	count := 110
	if testing.Short() {
		count = 10
	}
	for _, env := range []string{"clang64", "mingw64"} {
		r := openReal(t, env)
		p := newPacman(t, tool, env)
		rnd := rand.New(rand.NewSource(7))
		asked := []string{"cairo", "glib2", "qrencode", "gtk3", "gtk4", "ffmpeg", "SDL2", "curl", "python", "boost", "opencv", "imagemagick", "libc++"}
		for i := range asked {
			asked[i] = r.cfg.Environment.Prefix + asked[i]
		}
		asked = slices.DeleteFunc(asked, func(name string) bool { _, ok := r.byName[name]; return !ok })
		for len(asked) < count {
			asked = append(asked, r.packages[rnd.Intn(len(r.packages))].Name)
		}
		compared, refused, packages := 0, 0, 0
		for i, name := range asked {
			targets := []string{name}
			if i%10 == 9 { // some of two packages together
				targets = append(targets, asked[i-1])
			}
			want, missing := p.install(targets...)
			got, err := r.Closure(targets...)
			var me *MissingError
			if missing != "" && errors.As(err, &me) && strings.Contains(missing, "'"+me.Dependency+"' required by "+me.Package+"\n") {
				refused++
				continue
			}
			if missing != "" {
				t.Errorf("%s: pacman says %s, we %v", targets, missing, err)
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", targets, err)
				continue
			}
			var have []string
			for _, p := range got {
				have = append(have, p.Name+" "+p.Version)
			}
			slices.Sort(have)
			if !slices.Equal(want, have) {
				t.Errorf("%s:\npacman has %v\nwe have    %v", targets, without(want, have), without(have, want))
			}
			compared++
			packages += len(want)
		}
		t.Logf("%s: %d closures of %d packages in all agree, and %d that lack a dependency", env, compared, packages, refused)
		if compared < count*8/10 {
			t.Errorf("%s: only %d closures could be compared", env, compared)
		}
	}
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// pacmanRun is pacman with an empty system of its own and one real database.
type pacmanRun struct{ tool, config, root, db string }

func newPacman(t *testing.T, tool, env string) *pacmanRun {
	t.Helper()
	dir := t.TempDir()
	p := &pacmanRun{tool: tool, config: filepath.Join(dir, "pacman.conf"), root: filepath.Join(dir, "root"), db: filepath.Join(dir, "db")}
	for _, d := range []string{p.root, filepath.Join(p.db, "sync"), filepath.Join(p.db, "local")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf("[options]\nArchitecture = auto\nSigLevel = Never\n[%s]\nServer = https://example.com/%s\n", env, env)
	if err := os.WriteFile(p.config, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.db, "sync", env+".db"), readShared(t, "msys2-real", env+".db"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.db, "local", "ALPM_DB_VERSION"), []byte("9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// install returns what pacman would install, or why it does not.
func (p *pacmanRun) install(names ...string) (list []string, refusal string) {
	args := []string{"--config", p.config, "--dbpath", p.db, "--root", p.root, "-Sp", "--noconfirm", "--print-format", "%n %v"}
	cmd := exec.Command(p.tool, append(args, names...)...)
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, string(out)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if strings.HasPrefix(line, "mingw-w64-") {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return list, ""
}
