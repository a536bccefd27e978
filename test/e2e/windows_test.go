package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/graft-build/graft/test/standin"
)

// windowsWorld is a world that has packages for Windows.
func windowsWorld(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	m, ok := standin.Find(t.Context(), "../..")
	if !ok {
		t.Skip("neither MSYS2 nor a stand-in for it is there: go run ./test builds one")
	}
	if m.Address != "" {
		w.env = append(w.env, standin.Variable+"="+m.Address)
	}
	return w
}

// wine is the program that starts Windows programs.
func wine(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"wine64", "wine", "/usr/lib/wine/wine64"} {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	t.Skip("wine is not installed (wine64)")
	return ""
}

// inGroup makes a command end with all that it has started.
func inGroup(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// unzip unpacks an archive and returns the names of its files.
func unzip(t *testing.T, file, dir string) []string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		r.Close()
		if err := root.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := root.WriteFile(f.Name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// TestWindows builds for Windows, and starts the zip's content, and nothing else, under wine.
func TestWindows(t *testing.T) {
	w := windowsWorld(t)
	wine := wine(t)
	w.must(t, "build", "examples/tailored", "--target", "windows/amd64")
	dir := t.TempDir()
	names := unzip(t, w.find(t, "dist", "zip", "windows/amd64"), dir)
	folder := filepath.Join(dir, "tailored-server-1.0.0-windows-amd64")
	var dlls []string
	licences := 0
	for _, n := range names {
		if strings.HasSuffix(n, ".dll") {
			dlls = append(dlls, path.Base(n))
		}
		if strings.Contains(n, "/licences/packages/") {
			licences++
		}
	}
	if len(dlls) < 3 || licences < len(dlls)/2 || !slices.Contains(dlls, "libcairo-2.dll") {
		t.Errorf("DLLs %q with %d licences of packages", dlls, licences)
	}

	// graft run makes a Windows folder for wine in the store; later parts use it.
	run := inGroup(exec.CommandContext(t.Context(), graft, "run", "examples/tailored", "--target", "windows/amd64"))
	addr := freeAddr(t)
	run.Dir, run.Env = w.dir, append(w.environ(), "ADDR="+addr)
	started := time.Now()
	url := serveSlowly(t, run, addr)
	t.Logf("graft run answers after %v", time.Since(started).Round(time.Second))
	checkCounts(t, url)
	checkQR(t, url)
	prefixes, err := filepath.Glob(filepath.Join(w.store, "wine", "*"))
	if err != nil || len(prefixes) != 1 {
		t.Fatalf("wine's folders in the store: %q, %v", prefixes, err)
	}
	env := append(os.Environ(), "WINEPREFIX="+prefixes[0], "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=;zlib1=n")
	t.Cleanup(func() { endWine(wine, env) })

	t.Run("zip", func(t *testing.T) {
		addr := freeAddr(t)
		cmd := inGroup(exec.CommandContext(t.Context(), wine, filepath.Join(folder, "tailored-server.exe")))
		cmd.Dir, cmd.Env = t.TempDir(), append(slices.Clone(env), "ADDR="+addr)
		url := serveSlowly(t, cmd, addr)
		checkCounts(t, url)
		checkQR(t, url)
	})
	for _, dll := range dlls {
		t.Run("without "+dll, func(t *testing.T) {
			hidden := filepath.Join(folder, dll+".hidden")
			if err := os.Rename(filepath.Join(folder, dll), hidden); err != nil {
				t.Fatal(err)
			}
			defer os.Rename(hidden, filepath.Join(folder, dll))
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			cmd := inGroup(exec.CommandContext(ctx, wine, filepath.Join(folder, "tailored-server.exe")))
			cmd.Dir, cmd.Env = t.TempDir(), append(slices.Clone(env), "ADDR="+freeAddr(t))
			out, err := cmd.CombinedOutput()
			// 0xc0000135, of which a Unix process can say the last byte: a DLL was not found.
			if ctx.Err() != nil || err == nil || cmd.ProcessState.ExitCode() != 0x35 {
				t.Errorf("without %s: %v\n%s", dll, err, out)
			}
		})
	}
}

// serveSlowly is serve for programs whose start takes wine some time.
func serveSlowly(t *testing.T, cmd *exec.Cmd, addr string) string {
	t.Helper()
	url := serve(t, cmd, addr)
	t.Cleanup(func() { cmd.Cancel() })
	return url
}

// endWine ends what stays in the background of a prefix.
func endWine(wine string, env []string) {
	server := filepath.Join(filepath.Dir(wine), "wineserver")
	if _, err := os.Stat(server); err != nil {
		server = "wineserver"
	}
	cmd := exec.Command(server, "-k")
	cmd.Env = env
	_ = cmd.Run() // it may have ended by itself
}

// TestWindowsSameBytes builds with nothing shared, in two places.
func TestWindowsSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("two whole builds take minutes; -short is set")
	}
	var zips [2][]byte
	for i := range zips {
		w := windowsWorld(t)
		if i == 1 {
			w.store, w.home = filepath.Join(t.TempDir(), "another store"), t.TempDir()
			t.Cleanup(func() { removeAll(w.store) })
			w.env = append(w.env, "TZ=Asia/Tokyo", "GOCACHE="+t.TempDir(), "GOMODCACHE="+modCache(t))
		}
		w.must(t, "build", "examples/tailored", "--target", "windows/amd64", "--format", "zip")
		var err error
		if zips[i], err = os.ReadFile(w.find(t, "dist", "zip", "windows/amd64")); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			leaks(t, w, filepath.Join(w.dir, "dist"))
		}
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("the zips differ")
	}
}

// leaks looks for places of this machine in the program.
func leaks(t *testing.T, w world, dist string) {
	t.Helper()
	dir := t.TempDir()
	unzip(t, w.find(t, "dist", "zip", "windows/amd64"), dir)
	exes, _ := filepath.Glob(filepath.Join(dir, "*", "*.exe"))
	if len(exes) != 1 {
		t.Fatalf("programs %q in %s", exes, dist)
	}
	b, err := os.ReadFile(exes[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{w.store, w.dir, w.home} {
		if place != "" && bytes.Contains(b, []byte(place)) {
			t.Errorf("the program has %s in it", place)
		}
	}
}

// TestVendor builds for Debian and Windows from the folder that fetch --vendor makes: in an
// empty store, without a network, with no other mirror. The artifacts are the usual ones.
func TestVendor(t *testing.T) {
	w := windowsWorld(t)
	both := []string{"examples/tailored", "--target", "windows/amd64", "--target", "linux/amd64"}
	formats := []string{"--format", "tar.gz"}
	out := w.must(t, append([]string{"fetch", "--vendor", "keep"}, both...)...)
	var mirrors []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "GRAFT_MIRROR_") {
			mirrors = append(mirrors, line)
		}
	}
	if len(mirrors) < 2 {
		t.Fatalf("it says\n%s", out)
	}
	w.must(t, slices.Concat([]string{"build"}, both, formats)...)
	zig, err := filepath.Glob(filepath.Join(shared, "trees", "zig", "*", "zig"))
	if err != nil || len(zig) == 0 {
		t.Fatalf("zig is not in the store: %v", err)
	}
	again := w.withoutNetwork(t)
	again.store = filepath.Join(t.TempDir(), "store")
	t.Cleanup(func() { removeAll(again.store) })
	again.env = append(mirrors, "GRAFT_ZIG="+zig[0], "GOPROXY=http://localhost:1")
	again.must(t, slices.Concat([]string{"build", "--offline", "--locked", "--out", "again"}, both, formats)...)
	compareDirs(t, filepath.Join(w.dir, "dist"), filepath.Join(w.dir, "again"))

	// One package that is gone is named, with where it was looked for.
	gone, err := filepath.Glob(filepath.Join(w.dir, "keep", "msys2", "mingw", "clang64", "*-cairo-*"))
	if err != nil || len(gone) != 1 || os.Remove(gone[0]) != nil {
		t.Fatalf("cairo in the folder: %q, %v", gone, err)
	}
	again.store = filepath.Join(t.TempDir(), "store")
	_, stderr, status := again.run(t, append([]string{"fetch", "--offline", "--locked"}, both...)...)
	if status != 3 || !strings.Contains(stderr, "-cairo ") || strings.Contains(stderr, "-pixman ") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}

// TestWindowsPureGo needs neither packages nor zig.
func TestWindowsPureGo(t *testing.T) {
	w := newWorld(t)
	w.store = filepath.Join(t.TempDir(), "store")
	t.Cleanup(func() { removeAll(w.store) })
	w.must(t, "build", "examples/mainapp", "--target", "windows/amd64", "--target", "windows/arm64", "--target", "windows/386")
	for _, target := range []string{"windows/amd64", "windows/arm64", "windows/386"} {
		names := unzip(t, w.find(t, "dist", "zip", target), t.TempDir())
		want := fmt.Sprintf("mainapp-1.0.0-%s/mainapp.exe", strings.ReplaceAll(target, "/", "-"))
		if !slices.Contains(names, want) || slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".dll") }) {
			t.Errorf("%s: %q", target, names)
		}
	}
	if zig, _ := filepath.Glob(filepath.Join(w.store, "trees", "zig", "*")); len(zig) > 0 {
		t.Error("zig was fetched for a pure Go program")
	}
}

// TestWindowsRefuses is one clear error for each thing that cannot be.
func TestWindowsRefuses(t *testing.T) {
	w := windowsWorld(t)
	manifest := filepath.Join(w.dir, "examples", "tailored", "graft.yaml")
	usual, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ yaml, says string }{
		{"windows: {icon: none.ico}", "windows.icon: none.ico: no such file"},
		{"windows: {icon: graft.yaml}", "it is neither .ico nor .png"},
		{"windows: {dlls: [\"lib/none/*.dll\"]}", "no DLL of its packages fits windows.dlls: lib/none/*.dll"},
		{"windows: {data: [share/none]}", "no file of the packages fits share/none"},
		{"windows: {data: [../up]}", "want a path with slashes below the packages' folder"},
		{"repositories: {msys2: {suite: clang128}}", "unknown suite"},
		{"packages: {msys2: {build: [no-such]}}", "no-such"},
	} {
		if err := os.WriteFile(manifest, append(slices.Clone(usual), "\n"+tt.yaml+"\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr, status := w.run(t, "build", "examples/tailored", "--target", "windows/amd64")
		if status == 0 || !strings.Contains(stderr, tt.says) {
			t.Errorf("%s: exit status %d, want %q\n%s", tt.yaml, status, tt.says, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "dist")); err == nil {
		t.Error("an artifact folder was left behind")
	}
}
