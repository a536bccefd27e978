// Package nix runs Nix on graft's flake and on the flakes of examples/nix as users do, with
// Nix's sandbox and without network: a store of its own, filled by graft fetch --nix, and a
// stand-in for nixpkgs that has the go of this machine.
package nix

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/graft-build/graft/test/standin"
)

// graft is the command as the go command builds it; Nix builds its own.
var graft string

// place is where all tests work: Nix builds everything once. Nil when there is no Nix here.
var place *world

var absent string // why place is nil

// world is a copy of the repository and a Nix with a store and a configuration of its own.
type world struct {
	dir, repo string
	store     string // of graft
	env       []string
}

// targets are what the examples are locked for; with Windows where packages for it are to be had.
var targets = "linux/amd64,rpi4"

const windows = ",windows/amd64"

// locked are the folders of examples that are locked, with the one in examples/nix that gets the lock.
var locked = map[string]string{
	"mainapp": "mainapp", "simple-plugin": "simple-plugin", "image-server": "image-server", "count-plugin": "count-plugin",
	"qr-plugin": "",
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if absent = missing(); absent != "" {
			return m.Run()
		}
		tmp, err := os.MkdirTemp("", "graft-nix-")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer removeAll(tmp)
		if os.Mkdir("/nix", 0o755) == nil { // stays empty: see command
			defer os.Remove("/nix")
		}
		if place, err = newWorld(tmp); err != nil {
			fmt.Println(err)
			return 1
		}
		return m.Run()
	}())
}

// missing says what these tests lack here.
func missing() string {
	for _, name := range []string{"nix", "nix-store", "git", "unshare"} {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed (nix-bin, git, util-linux)"
		}
	}
	if os.Geteuid() != 0 {
		return "a Nix store of one's own, with sandbox, needs root"
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "the stand-in for nixpkgs is for linux/amd64"
	}
	return ""
}

// here is the place, for a test that needs it.
func here(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("Nix compiles graft, which takes minutes; -short is set")
	}
	if place == nil {
		t.Skip(absent)
	}
	return place
}

// newWorld builds graft, copies the repository, locks the examples and fills Nix's store.
func newWorld(dir string) (*world, error) {
	w := &world{dir: dir, repo: filepath.Join(dir, "repo"), store: os.Getenv("GRAFT_E2E_STORE")}
	if w.store == "" {
		w.store = filepath.Join(dir, "store")
	}
	graft = filepath.Join(dir, "graft")
	if err := w.configure(); err != nil {
		return nil, err
	}
	steps := [][]string{{"go", "build", "-o", graft, "github.com/graft-build/graft/cmd/graft"}}
	for _, argv := range steps {
		if out, err := w.command(".", argv...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%v: %w\n%s", argv, err, out)
		}
	}
	if err := w.copyRepository(); err != nil {
		return nil, err
	}
	if m, ok := standin.Find(context.Background(), "../.."); ok {
		targets += windows
		if m.Address != "" {
			w.env = append(w.env, standin.Variable+"="+m.Address)
		}
	}
	for from, to := range locked {
		folder := filepath.Join(w.repo, "examples", from)
		if err := w.lockAndFetch(folder, "--target", targets); err != nil {
			return nil, err
		}
		if to == "" {
			continue
		}
		lock, err := os.ReadFile(filepath.Join(folder, "graft.lock"))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(w.repo, "examples", "nix", to, "graft.lock"), lock, 0o644); err != nil {
			return nil, err
		}
	}
	if out, err := w.command(w.repo, graft, "fetch", "--nix").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("fetch what graft is built from: %w\n%s", err, out)
	}
	if err := w.commit(w.repo); err != nil {
		return nil, err
	}
	// With a lock file that names the stand-in, nobody asks for nixpkgs.
	lock := append([]string{"nix", "--offline", "flake", "lock"}, w.nixpkgs("nixpkgs")[:3]...)
	if out, err := w.command(w.repo, lock...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", lock, err, out)
	}
	return w, w.commit(w.repo)
}

func (w *world) lockAndFetch(folder string, args ...string) error {
	for _, argv := range [][]string{
		append([]string{graft, "lock", "--nix"}, args...),
		{graft, "fetch", "--nix"},
	} {
		if out, err := w.command(folder, argv...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v in %s: %w\n%s", argv[1:], folder, err, out)
		}
	}
	return nil
}

// configure writes Nix's configuration and the stand-in for nixpkgs.
func (w *world) configure() error {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	root, err := filepath.EvalSymlinks(strings.TrimSpace(string(goroot)))
	if err != nil {
		return err
	}
	files := map[string]string{
		"conf/nix.conf": `experimental-features = nix-command flakes
substituters =
build-users-group =
sandbox = true
sandbox-fallback = false
warn-dirty = false
flake-registry = ` + w.dir + "/conf/registry.json\n",
		"conf/registry.json": `{"flakes":[],"version":2}`,
		"nixpkgs/flake.nix": `{
  inputs.goroot = { url = "path:` + root + `"; flake = false; };
  outputs = { self, goroot }: { legacyPackages.x86_64-linux.go = "${goroot}"; };
}
`,
		"home/.gitconfig": "[user]\nname = Test\nemail = test@example.com\n[init]\ndefaultBranch = main\n[safe]\ndirectory = *\n",
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "nix"), 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := write(filepath.Join(w.dir, name), text); err != nil {
			return err
		}
	}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "NIX_PATH", "NIX_REMOTE", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GRAFT_STORE", "GOFLAGS", "CGO_ENABLED":
		default:
			w.env = append(w.env, kv)
		}
	}
	w.env = append(w.env,
		"NIX_CONF_DIR="+filepath.Join(w.dir, "conf"), "NIX_USER_CONF_FILES=/dev/null",
		"HOME="+filepath.Join(w.dir, "home"), "XDG_CACHE_HOME="+filepath.Join(w.dir, "cache"),
		"GRAFT_STORE="+w.store, "CGO_ENABLED=0",
	)
	for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		w.env = append(w.env, name+"="+strings.TrimSpace(string(value)))
	}
	// What go env -w of the developer says of the module proxy.
	for _, name := range []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		w.env = append(w.env, name+"="+strings.TrimSpace(string(value)))
	}
	return nil
}

// copyRepository copies the files that git knows or would add.
func (w *world) copyRepository() error {
	list := exec.Command("git", "ls-files", "-co", "--exclude-standard", "-z")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the repository: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) { // removed, and not yet for git
			continue
		}
		if err != nil {
			return err
		}
		if err := write(filepath.Join(w.repo, name), string(b)); err != nil {
			return err
		}
	}
	return nil
}

// commit makes a folder a git repository with all that is in it: Nix sees nothing else. -f
// because locks of examples are not kept in the repository.
func (w *world) commit(dir string) error {
	for _, args := range [][]string{{"init", "-q"}, {"add", "-Af"}, {"commit", "-q", "--allow-empty", "-m", "All"}} {
		if out, err := w.command(dir, append([]string{"git"}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

// ownNix starts a command with a folder in the place of /nix, for it alone.
const ownNix = `mount --make-rprivate / && mount --bind "$1" /nix && shift && exec "$@"`

// command is a command that sees the world's own /nix. (A store below a root of its own would
// need no mount, but Nix 2.8 takes its paths for paths outside of any store.)
func (w *world) command(dir string, argv ...string) *exec.Cmd {
	argv = append([]string{"--mount", "sh", "-c", ownNix, "sh", filepath.Join(w.dir, "nix")}, argv...)
	cmd := exec.Command("unshare", argv...)
	cmd.Dir, cmd.Env = dir, w.env
	return cmd
}

// nix runs Nix without network and returns what it says on standard output.
func (w *world) nix(t *testing.T, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := w.command(dir, append([]string{"nix", "--offline"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// must is nix for commands that have to succeed.
func (w *world) must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, errs, err := w.nix(t, dir, args...)
	if err != nil {
		t.Fatalf("nix %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return out
}

// nixpkgs are the arguments that put the stand-in in the place of an input.
func (w *world) nixpkgs(input string) []string {
	return []string{"--override-input", input, "path:" + filepath.Join(w.dir, "nixpkgs"), "--no-write-lock-file"}
}

// build builds what a flake has and returns where it is for us: the store is below a folder.
func (w *world) build(t *testing.T, dir, what, input string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "result")
	w.must(t, dir, append([]string{"build", what, "-L", "-o", link}, w.nixpkgs(input)...)...)
	path, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	return w.seen(path)
}

// seen is a path of Nix's store as it is here.
func (w *world) seen(path string) string { return filepath.Join(w.dir, path) }

func write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// removeAll removes a folder that has read-only folders in it.
func removeAll(dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir)
}
