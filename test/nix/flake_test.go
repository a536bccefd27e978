package nix

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/graft-build/graft/lock"
)

// TestFlake looks at graft's own outputs.
func TestFlake(t *testing.T) {
	w := here(t)
	show := w.must(t, w.repo, append([]string{"flake", "show", "."}, w.nixpkgs("nixpkgs")...)...)
	for _, want := range []string{"package 'graft'", "app", "Nixpkgs overlay", "template: ", "devShells", "formatter", "checks", "lib"} {
		if !strings.Contains(show, want) {
			t.Errorf("nix flake show does not say %q:\n%s", want, show)
		}
	}
	w.must(t, w.repo, append([]string{"flake", "check", "."}, w.nixpkgs("nixpkgs")...)...)
	said := w.must(t, w.repo, append(append([]string{"run", "."}, w.nixpkgs("nixpkgs")...), "--", "targets")...)
	if !strings.Contains(said, "rpi4") {
		t.Errorf("nix run . -- targets:\n%s", said)
	}
}

// TestOwnLock: the lock that Nix builds graft from is that of graft's go.mod and imports.
func TestOwnLock(t *testing.T) {
	w := here(t)
	if out, err := w.command(w.repo, graft, "lock", "--locked").CombinedOutput(); err != nil {
		t.Errorf("graft lock brings it up to date: %v\n%s", err, out)
	}
}

// TestExampleLocks: the locks beside the flakes in examples/nix fit the examples.
func TestExampleLocks(t *testing.T) {
	w := here(t)
	examples := filepath.Join(t.TempDir(), "examples")
	if err := os.CopyFS(examples, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mainapp", "simple-plugin", "image-server", "count-plugin"} {
		b, err := os.ReadFile(filepath.Join(examples, "nix", name, lock.FileName))
		if err != nil {
			t.Error(err)
			continue
		}
		if err := os.WriteFile(filepath.Join(examples, name, lock.FileName), b, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := w.command(filepath.Join(examples, name), graft, "lock", "--locked").CombinedOutput(); err != nil {
			t.Errorf("%s: graft lock --nix writes it anew: %v\n%s", name, err, out)
		}
	}
}

// TestTemplate starts what the template is, as its readme says.
func TestTemplate(t *testing.T) {
	w := here(t)
	dir := t.TempDir()
	w.must(t, dir, "flake", "init", "-t", "git+file://"+w.repo)
	flake := filepath.Join(dir, "flake.nix")
	text, err := os.ReadFile(flake)
	if err != nil {
		t.Fatal(err)
	}
	here := strings.Replace(string(text), "github:graft-build/graft", "git+file://"+w.repo, 1)
	if err := os.WriteFile(flake, []byte(here), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.lockAndFetch(filepath.Join(dir, "app")); err != nil {
		t.Fatal(err)
	}
	if err := w.commit(dir); err != nil {
		t.Fatal(err)
	}
	said := w.must(t, dir, append([]string{"run", "."}, w.nixpkgs("graft/nixpkgs")...)...)
	if want := "hello, world\nhello, gopher\n"; said != want {
		t.Errorf("nix run: %q, want %q", said, want)
	}
}

// TestErrors evaluates what can't be built: the error says what is wrong and what to do.
func TestErrors(t *testing.T) {
	w := here(t)
	cases := []struct{ name, expr, want string }{
		{"unknown", `(app.buildApp (s // { pluigns = [ ]; })).drvPath`, "buildApp: unknown argument pluigns; it takes system,"},
		{"article", `(app.buildApp (s // { targetPkgs = 1; vendorSha256 = "x"; })).drvPath`, "unknown argument targetPkgs (packages of the target come from graft.lock)"},
		{"system", `(app.buildApp { }).drvPath`, "buildApp: argument system is missing"},
		{"noSystem", `(app.buildApp { system = "mips-linux"; }).drvPath`, "there is no system mips-linux"},
		{"target", `(app.build (s // { target = "linux/arm64"; format = "deb"; })).drvPath`, "image-server: no graft.lock has the target linux/arm64 (there are: " + strings.ReplaceAll(targets, ",", ", ") + "). Run: graft lock --nix --target linux/arm64"},
		{"image", `(mainapp.containerImage s).drvPath`, "mainapp: no graft.lock has what an image for linux/amd64 needs. Run: graft lock --nix --images --target linux/amd64"},
		{"noLock", `(unlocked.buildApp (s // { plugins = [ api "example.com/x@v1.0.0" ]; })).drvPath`, "there is no graft.lock. Run: graft lock --nix FOLDER-OF-example.com/api --plugin FOLDER-OF-example.com/api --plugin example.com/x@v1.0.0 --out . --target linux/amd64, git add graft.lock and say lock = ./graft.lock"},
		{"lockFile", `(app.buildApp (s // { lock = ./graft.lock; })).drvPath`, "buildApp: there is no lock"},
		{"plain", `(app.buildApp (s // { plugins = [ count ]; lock = ./plain/graft.lock; })).drvPath`, "graft.lock has no moduleFiles, which Nix needs. Run: graft lock --nix"},
		{"toolchain", `(app.buildApp (s // { plugins = [ count ]; lock = ./other/graft.lock; })).drvPath`, "no graft.lock has the Go toolchain 1.99.0 for x86_64-linux. Run: graft lock --nix=x86_64-linux FOLDER-OF-example.com/image-server --plugin FOLDER-OF-example.com/count-plugin --out ., git add"},
		{"plugin", `(app.buildApp (s // { plugins = [ 3 ]; })).drvPath`, `a plugin of image-server: want a flake, a path, or "module@version"`},
		{"folder", `(app.buildApp (s // { plugins = [ self ]; })).drvPath`, "neither go.mod nor graft.yaml in"},
		{"mirror", `(app.buildApp (s // { mirrors.ubuntu = "x"; })).drvPath`, "mirrors.ubuntu: there are debian, debian-security, msys2, npm, zig"},
		{"pname", `graft.lib.forApp { src = ./.; }`, "forApp: argument pname is missing"},
		// And what can.
		{"ignored", `(app.buildApp (s // { vendorHash = null; vendorSha256 = "x"; })).drvPath`, ""},
		{"alias", `(app.build (s // { target = "rpi3"; format = "deb"; })).drvPath`, ""},
		{"snapshot", `(app.buildApp (s // { mirrors = { debian = "snapshot"; debian-security = "snapshot"; }; })).drvPath`, ""},
		{"package", `(app.buildApp (s // { plugins = [ package ]; })).drvPath`, ""},
		{"modules", `(app.buildApp (s // { modules."example.com/api" = "${graft}/examples/api"; })).drvPath`, ""},
		{"metadata", `assert (app.pluginMetadata "${count}/go.mod").goModName == "example.com/count-plugin"; 1`, ""},
		{"overlay", `assert (graft.overlays.default { stdenv.hostPlatform.system = "x86_64-linux"; go = "/go"; } { }).graft.name == "graft"; 1`, ""},
	}
	dir := t.TempDir()
	var outputs strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&outputs, "    %s = %s;\n", c.name, c.expr)
	}
	for name, text := range map[string]string{
		"flake.nix": `{
  inputs.graft.url = "git+file://` + w.repo + `";
  outputs = { self, graft }: let
    app = graft.lib.forApp { pname = "image-server"; src = "${graft}/examples/image-server"; };
    mainapp = graft.lib.forApp { pname = "mainapp"; src = "${graft}/examples/mainapp"; };
    unlocked = graft.lib.forApp { pname = "api"; src = api; };
    count = "${graft}/examples/count-plugin";
    api = "${graft}/examples/api";
    s = { system = "x86_64-linux"; };
    package = derivation { name = "p"; system = "x86_64-linux"; builder = "/none"; } // { goPlugin.goModName = "example.com/p"; };
  in {
` + outputs.String() + "  };\n}\n",
		"plain/graft.lock": `{"version":1,"go":"1.26.8","composition":{"app":"example.com/image-server","plugins":["example.com/count-plugin"]},"targets":[{"name":"linux/amd64"}]}`,
		"other/graft.lock": `{"version":1,"go":"1.99.0","composition":{"app":"example.com/image-server","plugins":["example.com/count-plugin"]},"targets":[{"name":"linux/amd64"}],"moduleFiles":[{"path":"x","sha256":"y"}]}`,
	} {
		if err := write(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.commit(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		_, said, err := w.nix(t, dir, append([]string{"eval", ".#" + c.name}, w.nixpkgs("graft/nixpkgs")...)...)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v\n%s", c.name, err, said)
		case c.want != "" && (err == nil || !strings.Contains(said, c.want)):
			t.Errorf("%s: %v\n%swant %q", c.name, err, said, c.want)
		}
	}
}
