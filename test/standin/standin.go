// Package standin finds packages for Windows for tests and demos: MSYS2's official archive
// where it answers, and else a small repository of the same form, built once from Debian's
// sources (test/msys2-standin/build.sh).
package standin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain"
)

// Variable names the mirror that graft takes packages from. Where it is set, it decides.
const Variable = "GRAFT_MIRROR_MSYS2"

// official is a small file of the archive that graft asks by itself.
const official = "https://repo.msys2.org/mingw/clang64/clang64.db.sig"

// Mirror is where packages for Windows come from.
type Mirror struct {
	Address string // for Variable; "" for the official archive
	What    string // for people
}

// Find looks for packages without building any: what the environment says, the official
// archive where it answers, test data beside the source, a stand-in that was built before.
// root is the folder of the source.
func Find(ctx context.Context, root string) (Mirror, bool) {
	if address := os.Getenv(Variable); address != "" {
		return Mirror{address, "the mirror that " + Variable + " names"}, true
	}
	if answers(ctx) {
		return Mirror{"", "MSYS2"}, true
	}
	dirs := []string{filepath.Join(root, "..", "shared", "testdata", "msys2-standin")}
	if dir, err := built(root); err == nil {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "mingw", "clang64", "clang64.files")); err == nil {
			return local(dir, "the stand-in for MSYS2, which does not answer from here")
		}
	}
	return Mirror{}, false
}

func local(dir, what string) (Mirror, bool) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Mirror{}, false
	}
	return Mirror{Address(abs), what}, true
}

// Address is a folder, given absolutely, as mirrors are named.
func Address(dir string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}
	return u.String()
}

// answers says whether the official archive is reached from here.
func answers(ctx context.Context) bool {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, official, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// built is where the stand-in of this script is kept.
func built(root string) (string, error) {
	script, err := os.ReadFile(filepath.Join(root, "test", "msys2-standin", "build.sh"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "graft-test", fmt.Sprintf("msys2-standin-%x", sha256.Sum256(script))[:30]), nil
}

// Build builds the stand-in, which takes some minutes, Debian 12 and root, and says so.
func Build(ctx context.Context, root string, say io.Writer) (Mirror, error) {
	dir, err := built(root)
	if err != nil {
		return Mirror{}, err
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return Mirror{}, errors.New("MSYS2 does not answer, and a stand-in for it can be built on Debian by root alone")
	}
	zig, err := Zig(ctx)
	if err != nil {
		return Mirror{}, err
	}
	fmt.Fprintln(say, "MSYS2 does not answer from here: building a stand-in for its clang64 from Debian's sources, once; it takes some minutes")
	tmp, err := os.MkdirTemp("", "graft-standin-")
	if err != nil {
		return Mirror{}, err
	}
	defer os.RemoveAll(tmp)
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(root, "test", "msys2-standin", "build.sh"), filepath.Join(tmp, "out"), filepath.Join(tmp, "work"))
	cmd.Env = append(os.Environ(), "ZIG="+zig.Exe, "ZIG_LIB_DIR="+zig.Lib)
	cmd.Stdout, cmd.Stderr = say, say
	if err := cmd.Run(); err != nil {
		return Mirror{}, fmt.Errorf("build the stand-in for MSYS2: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return Mirror{}, err
	}
	half := dir + ".new"
	if err := os.RemoveAll(half); err != nil {
		return Mirror{}, err
	}
	if err := os.CopyFS(half, os.DirFS(filepath.Join(tmp, "out"))); err != nil {
		return Mirror{}, err
	}
	if err := os.Rename(half, dir); err != nil {
		return Mirror{}, err
	}
	m, _ := local(dir, "the stand-in for MSYS2")
	return m, nil
}

// Zig brings zig into graft's own store.
func Zig(ctx context.Context) (toolchain.Zig, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return toolchain.Zig{}, err
	}
	dir := os.Getenv("GRAFT_STORE")
	if dir == "" {
		dir = filepath.Join(cache, "graft")
	}
	s, err := store.Open(dir)
	if err != nil {
		return toolchain.Zig{}, err
	}
	f := &fetch.Fetcher{Store: s, Jobs: 4}
	return toolchain.GetZig(ctx, toolchain.ZigConfig{Store: s, Fetcher: f, Env: os.Environ()})
}
