package debian

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
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
		WithoutSecurity: true, // some mirrors lag behind for the rarer architectures
	}
}

var exampleNeeds = []resolve.Need{
	{Kind: resolve.PkgConfig, Name: "cairo", From: []string{"example.com/api/cairo"}},
	{Kind: resolve.PkgConfig, Name: "libqrencode", From: []string{"example.com/qr-plugin"}},
}

func TestReal(t *testing.T) {
	for _, p := range platforms {
		t.Run(p.name+" "+p.arch, func(t *testing.T) {
			c := realConfig(t, p.name, p.arch, p.triplet)
			start := time.Now()
			res, r := resolveReal(t, c)
			t.Logf("took %v, peak %d MB", time.Since(start).Round(time.Millisecond), peakMB())
			report(t, res)
			libc, err := r.Libc(t.Context())
			if err != nil || libc != p.libc {
				t.Errorf("libc %q, %v", libc, err)
			}
			start = time.Now()
			again, _ := resolveReal(t, c)
			t.Logf("again took %v", time.Since(start).Round(time.Millisecond))
			_ = again
		})
	}
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

func report(t *testing.T, res resolve.Result) {
	var build, run, all int64
	sort.Slice(res.Packages, func(i, j int) bool { return res.Packages[i].Size > res.Packages[j].Size })
	for _, p := range res.Packages {
		flags := "--"
		if p.Build {
			build += p.Size
			flags = "B" + flags[1:]
		}
		if p.Run {
			run += p.Size
			flags = flags[:1] + "R"
		}
		all += p.Size
		t.Logf("%s %-28s %8d %-24s %v", flags, p.Name, p.Size, p.Version, p.For)
	}
	for _, d := range res.Decisions {
		t.Log(d)
	}
	t.Logf("%d packages, build %.2f MB, run %.2f MB, together %.2f MB", len(res.Packages), float64(build)/1e6, float64(run)/1e6, float64(all)/1e6)
}

func peakMB() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Maxrss / 1024
}
