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
	"testing"
	"time"
)

// example is the flake of a folder of examples/nix, as one types it.
func example(name, output string) string { return "./examples/nix/" + name + "#" + output }

const graftsNixpkgs = "graft/nixpkgs"

// TestMainapp starts the article's first application, with and without its plugin.
func TestMainapp(t *testing.T) {
	w := here(t)
	for name, want := range map[string]string{"mainapp": "main app\n", "simple-plugin": "simple plugin\nmain app\n"} {
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

// TestRaspberryPi compares the Debian package, and starts the bundle under qemu.
func TestRaspberryPi(t *testing.T) {
	w := here(t)
	w.sameBytes(t, "image-server", "rpi4", "deb", w.build(t, w.repo, example("count-plugin", "rpi4deb"), graftsNixpkgs))
	qemu, err := exec.LookPath("qemu-arm-static")
	if err != nil {
		t.Skip("qemu-arm-static is not installed (qemu-user-static)")
	}
	out := w.build(t, w.repo, example("image-server", "rpi4app"), graftsNixpkgs)
	serve(t, exec.CommandContext(t.Context(), qemu, filepath.Join(out, "bin", "image-server")))
}

// TestWindows compares the zip, and looks for its DLLs where the article has them.
func TestWindows(t *testing.T) {
	w := here(t)
	out := w.build(t, w.repo, example("count-plugin", "win64"), graftsNixpkgs)
	for _, pattern := range []string{"image-server.exe", "*cairo*.dll"} {
		if found, _ := filepath.Glob(filepath.Join(out, "bin", "windows_amd64", pattern)); len(found) == 0 {
			t.Errorf("no bin/windows_amd64/%s", pattern)
		}
	}
	w.sameBytes(t, "image-server", "windows/amd64", "zip", w.build(t, w.repo, example("count-plugin", "win64.dist"), graftsNixpkgs))
}

// TestImage compares images with one plugin and with two, and starts the application with the two.
func TestImage(t *testing.T) {
	w := here(t)
	w.sameBytes(t, "image-server", "linux/amd64", "oci", w.build(t, w.repo, example("count-plugin", "image"), graftsNixpkgs))

	dir := t.TempDir()
	err := write(filepath.Join(dir, "flake.nix"), `{
  inputs.graft.url = "git+file://`+w.repo+`";
  outputs = { self, graft }: let
    tailored = graft.lib.forApp { pname = "tailored-server"; src = "${graft}/examples/tailored"; };
    app = graft.lib.forApp { pname = "image-server"; src = "${graft}/examples/image-server"; };
    both = [ "${graft}/examples/count-plugin" "${graft}/examples/qr-plugin" ];
    lock = "${graft}/examples/tailored/graft.lock";
  in tailored.forSystems (system: {
    image = tailored.containerImage { inherit system; };
    default = app.buildApp { inherit system lock; plugins = both; };
  });
}
`)
	if err == nil {
		err = w.commit(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.sameBytes(t, "tailored", "linux/amd64", "oci", w.build(t, dir, ".#image", graftsNixpkgs))
	out := w.build(t, dir, ".#default", graftsNixpkgs)
	serve(t, exec.CommandContext(t.Context(), filepath.Join(out, "bin", "image-server")))
}

// sameBytes builds an example with graft itself and compares the artifacts with those that Nix built.
func (w *world) sameBytes(t *testing.T, example, target, format, nixDist string) {
	t.Helper()
	dist := t.TempDir()
	folder := filepath.Join(w.repo, "examples", example)
	cmd := w.command(folder, graft, "build", "--locked", "--target", target, "--format", format, "--out", dist)
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
	cmd.Env = []string{"ADDR=" + addr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
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
