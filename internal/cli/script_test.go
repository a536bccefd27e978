package cli_test

import (
	"context"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/cli"
	"github.com/graft-build/graft/internal/proxytest"
	"github.com/graft-build/graft/internal/toolchain"
)

// TestMain makes the test program the graft command for the scripts.
func TestMain(m *testing.M) {
	if status, ok := toolchain.Shim(os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(status)
	}
	testscript.Main(m, map[string]func(){"graft": func() {
		exe, err := os.Executable()
		if err != nil {
			panic(err)
		}
		dir, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		os.Exit(cli.Main(context.Background(), cli.World{
			Args: os.Args[1:], Env: os.Environ(), Dir: dir, Executable: exe,
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		}))
	}})
}

// TestScript runs testdata/script: what users type and what they see. The scripts need no
// network; what needs one is in test/e2e.
func TestScript(t *testing.T) {
	goEnv := func(name string) string {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	modCache, buildCache := goEnv("GOMODCACHE"), goEnv("GOCACHE")
	graft, err := exec.LookPath("graft")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	open, closed, login := registries(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GRAFT", graft)
			e.Setenv("REGISTRY", open)
			e.Setenv("CLOSED", closed)
			if err := os.MkdirAll(filepath.Join(e.WorkDir, "login"), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "login", "config.json"), []byte(login), 0o600); err != nil {
				return err
			}
			e.Setenv("GRAFT_STORE", filepath.Join(e.WorkDir, ".store"))
			e.Setenv("GOMODCACHE", modCache)
			e.Setenv("GOCACHE", buildCache)
			e.Setenv("GOPROXY", "off")
			e.Setenv("HOME", filepath.Join(e.WorkDir, ".home"))
			e.Defer(func() { os.RemoveAll(filepath.Join(e.WorkDir, ".store")) })
			return os.CopyFS(filepath.Join(e.WorkDir, "examples"), os.DirFS(examples))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status, "publish": publish},
	})
}

// registries are one for everybody and one for karl, and what docker login keeps of him.
func registries(t *testing.T) (open, closed, login string) {
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	inner := registry.New(quiet)
	closed = serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "karl" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	auth := base64.StdEncoding.EncodeToString([]byte("karl:secret"))
	return serve(registry.New(quiet)), closed, `{"auths": {"` + closed + `": {"auth": "` + auth + `"}}}`
}

// publish PATH@VERSION FOLDER puts a module into a proxy, and makes the go command take all
// modules from there.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publish path@version folder")
	}
	path, version, _ := strings.Cut(args[0], "@")
	proxy, cache := filepath.Join(ts.Getenv("WORK"), ".proxy"), filepath.Join(ts.Getenv("WORK"), ".modules")
	if err := proxytest.Publish(proxy, module.Version{Path: path, Version: version}, ts.MkAbs(args[1])); err != nil {
		ts.Fatalf("%v", err)
	}
	for _, kv := range proxytest.Env(proxy, cache) {
		name, value, _ := strings.Cut(kv, "=")
		ts.Setenv(name, value)
	}
	ts.Setenv("GOTOOLCHAIN", "auto")
}

// status N COMMAND…: the command must end with exit status N. Its output is kept for
// stdout and stderr.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [arguments]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit, ok := err.(*exec.ExitError); ok {
		got = strings.TrimPrefix(exit.Error(), "exit status ")
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}
