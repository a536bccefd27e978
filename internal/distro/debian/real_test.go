package debian

import (
	"context"
	"debug/elf"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
)

var storeFlag = flag.String("store", "", "folder of a store that is kept between runs of the tests with the real archive")

// platforms are the targets that the real archive is tested with.
var platforms = []struct{ name, arch, triplet, libc string }{
	{"debian-bookworm", "amd64", "x86_64-linux-gnu", "2.36"},
	{"debian-bookworm", "arm64", "aarch64-linux-gnu", "2.36"},
	{"debian-bookworm", "armhf", "arm-linux-gnueabihf", "2.36"},
	{"debian-trixie", "riscv64", "riscv64-linux-gnu", "2.41"},
	{"debian-trixie", "armhf", "arm-linux-gnueabihf", "2.41"},
}

// realConfig is for the archive that this machine's apt uses; without, the test is skipped.
func realConfig(t testing.TB, name, arch, triplet string) Config {
	t.Helper()
	if testing.Short() {
		t.Skip("the real archive is not asked in short tests")
	}
	mirrors, problems := HostSources(os.DirFS("/"))
	for _, p := range problems {
		t.Log(p)
	}
	if len(mirrors[Archive]) == 0 {
		t.Skip("this machine has no Debian archive in its apt sources")
	}
	dir := *storeFlag
	if dir == "" {
		dir = t.TempDir()
	}
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := os.ReadFile(filepath.Join("/", HostKeyring))
	if err != nil {
		t.Log(err)
	}
	sink := event.Sink(func(e event.Event) {
		switch e := e.(type) {
		case event.Note:
			t.Log("note:", e.Text)
		case event.Warning:
			t.Log("warning:", e.Text)
		}
	})
	f := &fetch.Fetcher{Store: s, Events: sink}
	if _, _, err := f.Get(t.Context(), []string{mirrors[Archive][0] + "/dists/" + strings.TrimPrefix(name, "debian-") + "/InRelease"}, maxRelease); err != nil {
		t.Skip("the Debian archive is not reached:", err)
	}
	return Config{
		Name: name, Arch: arch, Triplet: triplet, Mirrors: mirrors, Keyring: keyring,
		Now: time.Now(), Fetcher: f, Store: s, Events: sink,
	}
}

// checkList skips a test of a suite whose index is newer than the list of files that the mirror has:
// Open has to refuse it.
func checkList(t *testing.T, c Config) {
	t.Helper()
	suite := c.Mirrors[Archive][0] + "/dists/" + strings.TrimPrefix(c.Name, "debian-") + "/"
	release, _, err := c.Fetcher.Get(t.Context(), []string{suite + "InRelease"}, maxRelease)
	if err != nil {
		t.Fatal(err)
	}
	list := "main/Contents-" + c.Arch + ".gz"
	said := regexp.MustCompile(`(?m)^ [0-9a-f]{64} +([0-9]+) ` + list + `$`).FindSubmatch(release)
	if head, err := http.Head(suite + list); err == nil && said != nil && head.ContentLength > 0 && fmt.Sprint(head.ContentLength) != string(said[1]) {
		t.Skipf("the mirror's own index names a list %s of %s bytes, and the mirror has one of %d", list, said[1], head.ContentLength)
	}
}

var exampleNeeds = []resolve.Need{
	{Kind: resolve.PkgConfig, Name: "cairo", From: []string{"example.com/api/cairo"}},
	{Kind: resolve.PkgConfig, Name: "libqrencode", From: []string{"example.com/qr-plugin"}},
}

// TestReal resolves the needs of the examples in the real archive and checks the closures
// by what is in the packages.
func TestReal(t *testing.T) {
	for _, p := range platforms {
		t.Run(p.name+" "+p.arch, func(t *testing.T) {
			c := realConfig(t, p.name, p.arch, p.triplet)
			checkList(t, c)
			start := time.Now()
			res, r := resolveReal(t, c)
			t.Logf("cold: %v, peak of memory %d MB", time.Since(start).Round(time.Millisecond), peakMB())
			if peak := peakMB(); peak > 300 {
				t.Errorf("%d MB of memory were used", peak)
			}
			start = time.Now()
			again, _ := resolveReal(t, c)
			t.Logf("warm: %v", time.Since(start).Round(time.Millisecond))
			if d := cmp.Diff(res, again); d != "" {
				t.Error("the second result differs", d)
			}
			if libc, err := r.Libc(t.Context()); err != nil || libc != p.libc {
				t.Errorf("libc %q, %v", libc, err)
			}
			build := report(t, res)
			if p.arch == "armhf" && build > 12e6 {
				t.Errorf("the build closure has %d bytes", build)
			}
			checkNames(t, res)
			checkTrees(t, r, res, p.triplet, []string{"cairo", "libqrencode"}, []string{"cairo", "qrencode"})
		})
	}
}

// TestRealOthers checks the closures of libraries of other shapes: linker scripts, .pc files
// that are links into other packages, several packages that have the same file, a library
// without a version in its name, many private requirements.
func TestRealOthers(t *testing.T) {
	c := realConfig(t, "debian-bookworm", "amd64", "x86_64-linux-gnu")
	r, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	configs := []string{"gstreamer-1.0", "libcurl", "python3", "sdl2", "nss"}
	libs := []string{"ncurses", "nss3", "z"}
	var needs []resolve.Need
	for _, name := range configs {
		needs = append(needs, resolve.Need{Kind: resolve.PkgConfig, Name: name})
	}
	for _, name := range libs {
		needs = append(needs, resolve.Need{Kind: resolve.Library, Name: name})
	}
	res, err := resolve.Closures(t.Context(), r, needs, nil)
	if err != nil {
		t.Fatal(err)
	}
	report(t, res)
	checkTrees(t, r, res, c.Triplet, configs, append(libs, "SDL2", "curl", "gstreamer-1.0"))
}

func resolveReal(t *testing.T, c Config) (resolve.Result, *Repository) {
	t.Helper()
	r, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	res, err := resolve.Closures(context.Background(), r, exampleNeeds, []string{"ca-certificates"})
	if err != nil {
		t.Fatal(err)
	}
	return res, r
}

// report logs the closures and returns the size of that for building.
func report(t *testing.T, res resolve.Result) (build int64) {
	t.Helper()
	var run, all int64
	for _, p := range res.Packages {
		flags := ""
		if p.Build {
			build += p.Size
			flags += "B"
		}
		if p.Run {
			run += p.Size
			flags += "R"
		}
		all += p.Size
		t.Logf("%-2s %-24s %8d %s", flags, p.Name, p.Size, p.Version)
	}
	for _, d := range res.Decisions {
		t.Log(d)
	}
	t.Logf("%d packages, build %.2f MB, run %.2f MB, together %.2f MB", len(res.Packages), float64(build)/1e6, float64(run)/1e6, float64(all)/1e6)
	return build
}

var unwanted = regexp.MustCompile(`^(python|perl|pkg-?conf|dpkg|debconf|ucf|gcc-\d+$|libc6-dev|linux-libc-dev|lib(gcc|stdc\+\+)-\d+-dev|libc-|openssl)|-(doc|docs|bin|tools|utils|doctools)$`)

// checkNames looks for interpreters, tools and documentation.
func checkNames(t *testing.T, res resolve.Result) {
	t.Helper()
	names := map[string]bool{}
	for _, p := range res.Packages {
		names[p.Name] = true
		if unwanted.MatchString(p.Name) {
			t.Errorf("%s is in the closure", p.Name)
		}
		for _, d := range p.Depends {
			if !slices.ContainsFunc(res.Packages, func(q resolve.Resolved) bool { return q.Name == d }) {
				t.Errorf("%s depends on %s, which is not in the closure", p.Name, d)
			}
		}
	}
	for _, name := range []string{"libc6", "libgcc-s1", "libcairo2", "libcairo2-dev", "libqrencode4", "libqrencode-dev", "ca-certificates", "zlib1g"} {
		if !names[name] {
			t.Errorf("%s is not in the closure", name)
		}
	}
}

// checkTrees unpacks both closures with dpkg-deb and looks whether they are complete.
func checkTrees(t *testing.T, r *Repository, res resolve.Result, triplet string, configs, libs []string) {
	t.Helper()
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skip("dpkg-deb is not on this machine")
	}
	build, run := t.TempDir(), t.TempDir()
	for _, p := range res.Packages {
		item, err := r.packageItem(p.Package)
		if err != nil {
			t.Fatal(err)
		}
		deb, err := r.config.Fetcher.One(t.Context(), item)
		if err != nil {
			t.Fatal(err)
		}
		for dir, in := range map[string]bool{build: p.Build, run: p.Run} {
			if !in {
				continue
			}
			if out, err := exec.Command(tool, "--extract", deb, dir).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
	checkConfigs(t, build, triplet, configs)
	checkNeeded(t, run, triplet)
	// The linker finds what the .pc files in use name.
	for _, lib := range libs {
		if _, err := os.Stat(filepath.Join(build, "usr/lib", triplet, "lib"+lib+".so")); err != nil {
			t.Error(err)
		}
	}
}

// checkConfigs walks the .pc files from the needs on, and lets pkg-config do it too.
func checkConfigs(t *testing.T, root, triplet string, names []string) {
	t.Helper()
	var dirs []string
	for _, d := range (layout{triplet}).configDirs() {
		dirs = append(dirs, filepath.Join(root, d))
	}
	seen := map[string]bool{}
	queue := slices.Clone(names)
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		var text []byte
		for _, d := range dirs {
			if b, err := os.ReadFile(filepath.Join(d, name+".pc")); err == nil {
				text = b
				break
			}
		}
		f, err := pc.Parse(string(text), nil)
		if text == nil || err != nil {
			t.Errorf("%s.pc is not there: %v", name, err)
			continue
		}
		for _, d := range slices.Concat(f.Requires, f.RequiresPrivate) {
			queue = append(queue, d.Name)
		}
	}
	t.Logf("%d .pc files are required", len(seen))
	tool, err := exec.LookPath("pkg-config")
	if err != nil {
		return
	}
	for _, flag := range []string{"--cflags", "--libs", "--static --libs"} {
		cmd := exec.Command(tool, append(append(strings.Fields(flag), "--print-errors"), names...)...)
		cmd.Env = []string{"PKG_CONFIG_LIBDIR=" + strings.Join(dirs, ":")}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("pkg-config %s: %v\n%s", flag, err, out)
		}
	}
}

// checkNeeded looks for each library that a library of the run closure needs.
func checkNeeded(t *testing.T, root, triplet string) {
	t.Helper()
	have := map[string]bool{}
	var files []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(d.Name(), ".so") {
			return err
		}
		have[d.Name()] = true
		if dir := filepath.Base(filepath.Dir(name)); d.Type().IsRegular() && (dir == triplet || dir == "lib") {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, name := range files {
		f, err := elf.Open(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		needed, err := f.ImportedLibraries()
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		count += len(needed)
		for _, lib := range needed {
			if !have[lib] {
				t.Errorf("%s needs %s, which is not in the run closure", filepath.Base(name), lib)
			}
		}
	}
	t.Logf("%d libraries need %d", len(files), count)
	if len(files) < 20 {
		t.Errorf("the run closure has only %d libraries", len(files))
	}
}

func peakMB() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Maxrss / 1024
}
