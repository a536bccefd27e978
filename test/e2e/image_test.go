package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// runContainer unpacks an image as umoci does and starts it as a container runtime does, with
// a root that nobody can write to, and asks it over HTTP.
func runContainer(t *testing.T, w world) {
	if os.Geteuid() != 0 {
		t.Skip("the network of the host is for containers of root alone")
	}
	umoci, err := exec.LookPath("umoci")
	if err != nil {
		t.Skip("umoci is not installed")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "layout"), 0o755); err != nil {
		t.Fatal(err)
	}
	untarFile(t, w.find(t, "dist", "oci", "linux/amd64"), filepath.Join(dir, "layout"))
	bundle := filepath.Join(dir, "bundle")
	if out, err := exec.Command(umoci, "unpack", "--image", filepath.Join(dir, "layout")+":1.0.0", bundle).CombinedOutput(); err != nil {
		t.Fatalf("umoci unpack: %v\n%s", err, out)
	}
	var refused []string
	for _, name := range []string{"runc", "crun"} {
		runtime, err := exec.LookPath(name)
		if err != nil {
			refused = append(refused, name+" is not installed")
			continue
		}
		if said := allowed(t, runtime, bundle); said != "" {
			refused = append(refused, name+": "+said)
			continue
		}
		addr := freeAddr(t)
		configure(t, bundle, "-addr", addr)
		id := fmt.Sprintf("graft-%d", os.Getpid())
		state := filepath.Join(dir, "state")
		t.Cleanup(func() { exec.Command(runtime, "--root", state, "delete", "--force", id).Run() })
		url := serve(t, exec.CommandContext(t.Context(), runtime, "--root", state, "run", "--bundle", bundle, id), addr)
		checkCounts(t, url)
		checkQR(t, url)
		return
	}
	t.Skip("no container may be started here: " + strings.Join(refused, "; "))
}

// allowed says why a runtime can't start containers here, such as cgroups that are read-only;
// "" when it can. It asks with a command that only prints its help.
func allowed(t *testing.T, runtime, bundle string) string {
	t.Helper()
	configure(t, bundle, "-h")
	id := fmt.Sprintf("graft-try-%d", os.Getpid())
	out, err := exec.Command(runtime, "--root", t.TempDir(), "run", "--bundle", bundle, id).CombinedOutput()
	if strings.Contains(string(out), "-addr") {
		return ""
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%v: %.200s", err, out)), " ")
}

// configure changes what umoci wrote for a terminal: the arguments, a read-only root, the
// host's network, no limits.
func configure(t *testing.T, bundle string, args ...string) {
	t.Helper()
	file := filepath.Join(bundle, "config.json")
	var c map[string]any
	readJSON(t, file, &c)
	process, linux := c["process"].(map[string]any), c["linux"].(map[string]any)
	process["terminal"] = false
	program := process["args"].([]any)[0]
	process["args"] = append([]any{program}, anyOf(args)...)
	if user := process["user"].(map[string]any); user["uid"] != 65532.0 || process["cwd"] != "/home/nonroot" {
		t.Errorf("umoci understands user %v in %v", user, process["cwd"])
	}
	c["root"].(map[string]any)["readonly"] = true
	linux["namespaces"] = slices.DeleteFunc(linux["namespaces"].([]any), func(n any) bool { return n.(map[string]any)["type"] == "network" })
	delete(linux, "resources")
	b, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(file, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func anyOf(list []string) (out []any) {
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// checkIndex checks the layout with the images of all targets: it is valid, and has for each
// platform the image that was started by itself.
func checkIndex(t *testing.T, w world, all []string) {
	index := unpackLayout(t, w.find(t, "dist", "oci-index", strings.Join(all, ",")))
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	m, err := index.IndexManifest()
	if err != nil || len(m.Manifests) != 1 {
		t.Fatalf("the layout has %+v, %v; want an index", m, err)
	}
	images, err := index.ImageIndex(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = images.IndexManifest(); err != nil || len(m.Manifests) != len(all) {
		t.Fatalf("the index has %+v, %v", m, err)
	}
	for i, target := range all {
		platform := strings.Replace(target, "rpi4", "linux/arm/v7", 1)
		one, err := unpackLayout(t, w.find(t, "dist", "oci", target)).IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Manifests[i]; got.Platform.String() != platform || got.Digest != one.Manifests[0].Digest {
			t.Errorf("for %s the index has %v of %v, want %v", platform, got.Digest, got.Platform, one.Manifests[0].Digest)
		}
	}
}

// unpackLayout unpacks an OCI layout from its tar file.
func unpackLayout(t *testing.T, file string) v1.ImageIndex {
	t.Helper()
	dir := t.TempDir()
	untarFile(t, file, dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// publishTo pushes the images of all targets, edits a plugin and pushes again.
func publishTo(t *testing.T, w world, all []string, host string) {
	args := []string{"publish", "oci://" + host + "/team/tailored:1.0.0", "examples/tailored", "--tag", "latest", "--json"}
	for _, target := range all {
		args = append(args, "--target", target)
	}
	type published struct {
		Digest                string
		Platforms             []struct{ Platform, Digest string }
		BytesSent, BytesTotal int64
		Layers                struct{ Sent, Mounted, Present int }
	}
	push := func(args ...string) (p published) {
		t.Helper()
		if err := json.Unmarshal([]byte(w.must(t, args...)), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := push(args...)
	if len(first.Platforms) != len(all) || first.Platforms[2].Platform != "linux/arm/v7" || first.BytesSent < first.BytesTotal*9/10 || first.Layers.Present != 0 {
		t.Errorf("first push: %+v", first)
	}
	if again := push(args...); again.Digest != first.Digest || again.BytesSent != 0 {
		t.Errorf("second push: %+v", again)
	}
	inspect(t, host+"/team/tailored:latest", first.Digest)

	file := filepath.Join(w.dir, "examples", "count-plugin", "count.go")
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(file, src, 0o644)
	if err := os.WriteFile(file, append(src, "\nfunc init() { println(\"edited\") }\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	one := []string{"examples/tailored", "--target", "linux/amd64", "--out", "edited", "--json"}
	edited := push(append([]string{"publish", "oci://" + host + "/team/tailored:edited"}, one...)...)
	if edited.Layers.Sent != 1 || edited.Layers.Present < 10 || edited.BytesSent > edited.BytesTotal/2 {
		t.Errorf("a plugin edited: %+v", edited)
	}
	t.Logf("a plugin edited: %d of %d bytes sent", edited.BytesSent, edited.BytesTotal)
	if other := push(append([]string{"publish", "oci://" + host + "/other:1"}, one...)...); other.Layers.Sent != 0 {
		t.Errorf("to another repository: %+v", other)
	}
}

// inspect takes the index from a registry with skopeo and checks it.
func inspect(t *testing.T, ref, want string) {
	t.Helper()
	skopeo, err := exec.LookPath("skopeo")
	if err != nil {
		t.Log("skopeo is not installed: no other client is tried")
		return
	}
	dir := filepath.Join(t.TempDir(), "pulled")
	if out, err := exec.Command(skopeo, "--insecure-policy", "copy", "--all", "--src-tls-verify=false", "docker://"+ref, "oci:"+dir+":x").CombinedOutput(); err != nil {
		t.Fatalf("skopeo copy: %v\n%s", err, out)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	m, err := index.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest.String() != want {
		t.Errorf("pulled %+v, %v; want %s", m, err, want)
	}
	out, err := exec.Command(skopeo, "inspect", "--config", "--tls-verify=false", "--override-os", "linux", "--override-arch", "arm", "--override-variant", "v7", "docker://"+ref).CombinedOutput()
	var c imageConfig
	if err != nil || json.Unmarshal(out, &c) != nil || c.Architecture != "arm" || c.Variant != "v7" || c.Config.User != "65532:65532" {
		t.Errorf("skopeo inspect: %v\n%s", err, out)
	}
}

// inProcess is go-containerregistry's registry.
func inProcess(t *testing.T) string {
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// dockerRegistry is the one of package docker-registry. Installing that package would start a
// service on the machine, so that a missing one is unpacked only.
func dockerRegistry(t *testing.T) string {
	dir := t.TempDir()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		get := exec.Command("sh", "-c", "apt-get download -q docker-registry && dpkg-deb -x docker-registry_*.deb .")
		get.Dir = dir
		if out, err := get.CombinedOutput(); err != nil {
			t.Skipf("docker-registry is not installed, and apt-get does not bring it: %v %.200s", err, out)
		}
		program = filepath.Join(dir, "usr/bin/docker-registry")
	}
	addr := freeAddr(t)
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", filepath.Join(dir, "data"), addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	serve(t, exec.CommandContext(t.Context(), program, "serve", config), addr)
	return addr
}

// scanned looks at what programs that look for known vulnerabilities read of an image.
func scanned(t *testing.T, w world) {
	root := t.TempDir()
	unpackImage(t, w.find(t, "dist", "oci", "linux/amd64"), root)
	status, err := filepath.Glob(filepath.Join(root, "var/lib/dpkg/status.d/*"))
	if err != nil || len(status) < 20 {
		t.Fatalf("%d files in status.d, %v", len(status), err)
	}
	seen := map[string]bool{}
	for _, file := range status {
		name := filepath.Base(file)
		if base, ok := strings.CutSuffix(name, ".md5sums"); ok {
			check := exec.Command("md5sum", "--check", "--quiet", file)
			check.Dir = root
			if out, err := check.CombinedOutput(); err != nil && !strings.Contains(string(out), "no properly formatted") {
				t.Errorf("%s: %v\n%s", base, err, out)
			}
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), "Package: "+name+"\n") || !strings.Contains(string(b), "\nVersion: ") {
			t.Errorf("%s: %v\n%.200s", name, err, b)
		}
		seen[name] = true
	}
	for _, want := range []string{"libc6", "libcairo2", "tzdata", "fonts-dejavu-core"} {
		if !seen[want] {
			t.Errorf("no %s among %v", want, slices.Sorted(maps.Keys(seen)))
		}
	}
	for name, want := range map[string]string{"etc/debian_version": "12\n", "usr/share/zoneinfo/Europe/Berlin": "TZif", "etc/os-release": "PRETTY_NAME=\"Debian"} {
		if b, err := os.ReadFile(filepath.Join(root, name)); err != nil || !strings.HasPrefix(string(b), want) {
			t.Errorf("%s: %v, %.40q", name, err, b)
		}
	}
}
