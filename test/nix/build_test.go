package nix

import (
	"bytes"
	"context"
	"image/png"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/lock"
)

// example is the flake of a folder of examples/nix, as one types it.
func example(name, output string) string { return "./examples/nix/" + name + "#" + output }

const graftsNixpkgs = "graft/nixpkgs"

// TestMainapp starts the article's first application with its plugin, and in full tests without.
func TestMainapp(t *testing.T) {
	w := here(t)
	cases := map[string]string{"simple-plugin": "simple plugin\nmain app\n"}
	if os.Getenv("GRAFT_TEST_FULL") != "" {
		cases["mainapp"] = "main app\n"
	}
	for name, want := range cases {
		said := w.must(t, w.repo, append([]string{"run", example(name, "default")}, w.nixpkgs(graftsNixpkgs)...)...)
		if said != want {
			t.Errorf("nix run of %s: %q, want %q", name, said, want)
		}
	}
}

// TestNative starts the image server with one plugin, and compares it with graft's.
func TestNative(t *testing.T) {
	w := here(t)
	out := w.build(t, w.repo, example("count-plugin", "default"), graftsNixpkgs)
	serve(t, exec.CommandContext(t.Context(), filepath.Join(out, "bin", "image-server")))
	w.sameBytes(t, "image-server", "linux/amd64", "tar.gz", w.build(t, w.repo, example("count-plugin", "default.dist"), graftsNixpkgs))
}

// TestRaspberryPi compares the Debian package, and starts its program under qemu in a system of
// the packages that it was locked with.
func TestRaspberryPi(t *testing.T) {
	w := here(t)
	out := w.build(t, w.repo, example("count-plugin", "rpi4deb"), graftsNixpkgs)
	w.sameBytes(t, "image-server", "rpi4", "deb", out)
	qemu, err := exec.LookPath("qemu-arm-static")
	if err != nil {
		t.Skip("qemu-arm-static is not installed (qemu-user-static)")
	}
	root := t.TempDir()
	w.unpackRun(t, "image-server", "rpi4", root)
	debs, _ := filepath.Glob(filepath.Join(out, "*.deb"))
	for _, argv := range [][]string{{"dpkg-deb", "-x", debs[0], root}, {"cp", qemu, filepath.Join(root, "qemu")}} {
		if said, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, said)
		}
	}
	serve(t, exec.CommandContext(t.Context(), "chroot", root, "/qemu", "/usr/bin/image-server"))
}

// TestRaspberryPiBundle starts what needs no system.
func TestRaspberryPiBundle(t *testing.T) {
	w := here(t)
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		t.Skip("the program is compiled for rpi4 once more: set GRAFT_TEST_FULL=1")
	}
	qemu, err := exec.LookPath("qemu-arm-static")
	if err != nil {
		t.Skip("qemu-arm-static is not installed (qemu-user-static)")
	}
	out := w.build(t, w.repo, example("image-server", "rpi4app"), graftsNixpkgs)
	serve(t, exec.CommandContext(t.Context(), qemu, filepath.Join(out, "bin", "image-server")))
}

// unpackRun unpacks the packages of a target's run closure into a folder.
func (w *world) unpackRun(t *testing.T, example, target, root string) {
	t.Helper()
	f, err := os.Open(filepath.Join(w.repo, "examples", example, lock.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := lock.Parse(lock.FileName, f)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(w.store)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range l.PackagesOf(target) {
		blob, ok := s.Blob(p.SHA256)
		if !p.Run || !ok {
			continue
		}
		if said, err := exec.Command("dpkg-deb", "-x", blob, root).CombinedOutput(); err != nil {
			t.Fatalf("unpack %s: %v\n%s", p.Name, err, said)
		}
	}
}

// TestWindows compares the zip, looks for its DLLs where the article has them, and starts the
// program there under wine.
func TestWindows(t *testing.T) {
	w := here(t)
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		t.Skip("zig compiles all of Windows' C runtime in Nix's sandbox, which takes minutes (test/e2e has Windows without Nix): set GRAFT_TEST_FULL=1")
	}
	if !strings.Contains(targets, windows) {
		t.Skip("no packages for Windows: MSYS2 does not answer, and there is no stand-in (go run ./test builds one)")
	}
	out := w.build(t, w.repo, example("count-plugin", "win64"), graftsNixpkgs)
	folder := filepath.Join(out, "bin", "windows_amd64")
	for _, pattern := range []string{"image-server.exe", "*cairo*.dll"} {
		if found, _ := filepath.Glob(filepath.Join(folder, pattern)); len(found) == 0 {
			t.Errorf("no bin/windows_amd64/%s", pattern)
		}
	}
	w.sameBytes(t, "image-server", "windows/amd64", "zip", w.build(t, w.repo, example("count-plugin", "win64.dist"), graftsNixpkgs))
	wine := ""
	for _, name := range []string{"wine64", "wine", "/usr/lib/wine/wine64"} {
		if at, err := exec.LookPath(name); err == nil && wine == "" {
			wine = at
		}
	}
	if wine == "" {
		t.Skip("wine is not installed (wine64)")
	}
	// graft run makes a Windows folder for wine; what it starts was compiled for the comparison.
	run := inGroup(w.command(filepath.Join(w.repo, "examples", "image-server"), graft, "run", "--target", "windows/amd64"))
	serve(t, run)
	prefixes, err := filepath.Glob(filepath.Join(w.store, "wine", "*"))
	if err != nil || len(prefixes) == 0 {
		t.Fatalf("wine's folders in the store: %q, %v", prefixes, err)
	}
	cmd := inGroup(exec.Command(wine, filepath.Join(folder, "image-server.exe")))
	cmd.Env = append(os.Environ(), "WINEPREFIX="+prefixes[0], "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=;zlib1=n")
	t.Cleanup(func() {
		end := exec.Command(filepath.Join(filepath.Dir(wine), "wineserver"), "-k")
		end.Env = cmd.Env
		_ = end.Run() // it may have ended by itself
	})
	serve(t, cmd)
}

// TestImage makes an image with a list of plugins, from the application's lock and those of the
// plugins together, compares it with graft's and starts the program in it.
func TestImage(t *testing.T) {
	w := here(t)
	dir := t.TempDir()
	err := write(filepath.Join(dir, "flake.nix"), `{
  inputs.graft.url = "git+file://`+w.repo+`";
  outputs = { self, graft }: let
    app = graft.lib.forApp { pname = "image-server"; src = "${graft}/examples/image-server"; };
    plugins = [ "${graft}/examples/qr-plugin" "${graft}/examples/count-plugin" ];
  in app.forSystems (system: { image = app.containerImage { inherit system plugins; }; });
}
`)
	if err == nil {
		err = w.commit(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := w.build(t, dir, ".#image", graftsNixpkgs)
	examples := filepath.Join(w.repo, "examples")
	w.sameBytes(t, "image-server", "linux/amd64", "oci", out,
		"--plugin", filepath.Join(examples, "qr-plugin"), "--plugin", filepath.Join(examples, "count-plugin"),
		"--from-lock", filepath.Join(examples, "image-server", lock.FileName), "--from-lock", filepath.Join(examples, "qr-plugin", lock.FileName),
		"--from-lock", filepath.Join(examples, "count-plugin", lock.FileName))
	umoci, err := exec.LookPath("umoci")
	if err != nil {
		t.Skip("umoci is not installed")
	}
	images, _ := filepath.Glob(filepath.Join(out, "*.oci.tar"))
	layout, bundle := filepath.Join(dir, "layout"), filepath.Join(dir, "bundle")
	for _, argv := range [][]string{
		{"mkdir", layout}, {"tar", "-xf", images[0], "-C", layout}, {umoci, "unpack", "--image", layout + ":1.0.0", bundle},
	} {
		if said, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, said)
		}
	}
	serve(t, exec.CommandContext(t.Context(), "chroot", filepath.Join(bundle, "rootfs"), "/usr/bin/image-server"))
}

// sameBytes builds an example with graft itself and compares the artifacts with those that Nix built.
func (w *world) sameBytes(t *testing.T, example, target, format, nixDist string, args ...string) {
	t.Helper()
	dist := t.TempDir()
	folder := filepath.Join(w.repo, "examples", example)
	cmd := w.command(folder, append([]string{graft, "build", "--locked", "--target", target, "--format", format, "--out", dist}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("graft build: %v\n%s", err, out)
	}
	suffix := "." + format
	if format == "oci" {
		suffix = ".oci.tar"
	}
	made, _ := filepath.Glob(filepath.Join(dist, "*"+suffix))
	if len(made) != 1 {
		t.Fatalf("graft build made %q, want one file *%s", made, suffix)
	}
	want, err := os.ReadFile(made[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(nixDist, filepath.Base(made[0])))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	diff, _ := w.command(folder, graft, "diff", made[0], filepath.Join(nixDist, filepath.Base(made[0]))).CombinedOutput()
	t.Errorf("%s differs between graft build and Nix:\n%s", filepath.Base(made[0]), diff)
}

// inGroup makes a command end with all that it has started.
func inGroup(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// serve starts an image server and gets a picture from it.
func serve(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(cmd.Env, "ADDR="+addr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if cmd.SysProcAttr != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/image.png", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		defer res.Body.Close()
		if _, err := png.Decode(res.Body); err != nil {
			t.Errorf("%s: %v", strings.Join(cmd.Args, " "), err)
		}
		return
	}
	t.Errorf("%s does not answer:\n%s", strings.Join(cmd.Args, " "), said.String())
}
