package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// The test binary is the tools of the kits that tests make.
func TestMain(m *testing.M) {
	if exit, ok := Shim(os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

// testStore is a store that lives longer than a test run: zig is 86 MB to fetch and its
// libraries take minutes to compile. GRAFT_TEST_STORE moves it.
var testStore = sync.OnceValues(func() (*store.Store, error) {
	dir := os.Getenv("GRAFT_TEST_STORE")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(cache, "graft-test-store")
	}
	return store.Open(dir)
})

// realZig returns the pinned zig, fetched as a user's would be.
func realZig(t *testing.T, s *store.Store) Zig {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no zig")
	}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "GRAFT_ZIG=") })
	z, err := GetZig(t.Context(), ZigConfig{Store: s, Fetcher: &fetch.Fetcher{Store: s}, Env: env})
	if err != nil {
		t.Skipf("no zig to test with: %v", err)
	}
	return z
}

func sharedStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := testStore()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testKit makes a kit whose tools are the test binary.
func testKit(t *testing.T, s *store.Store, z Zig, name, libc string) Kit {
	t.Helper()
	tg, err := target.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	k, err := Prepare(t.Context(), KitConfig{Store: s, Zig: z, Target: tg, LibcVersion: libc, Graft: self})
	if err != nil {
		t.Fatal(err)
	}
	return k
}
