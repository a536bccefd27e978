package folder

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestApt lets apt-get read the folder over HTTP, with the published key, sources file and
// addresses, and get packages from it.
func TestApt(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("apt-get is not on this machine")
	}
	dir := filepath.Join(t.TempDir(), "repo")
	var mu sync.Mutex
	var asked []string
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	f := testFolder(dir)
	f.URL, f.Origin = server.URL, "Karl & Söhne"
	old, now := debOf(t, "app", "1.0", "amd64", "1"), debOf(t, "app", "1.1", "amd64", "2")
	res := publish(t, f, old)
	// apt asks for what is newer, to the second, and two publications may be within one.
	hour := day
	touch := func() {
		if hour = hour.Add(time.Hour); os.Chtimes(filepath.Join(dir, "dists/stable/InRelease"), hour, hour) != nil {
			t.Fatal("InRelease can't be dated")
		}
	}
	touch()
	root := t.TempDir()
	apt := aptWith(t, root, dir, res.Sources)
	out := apt(true, "update")
	if strings.Contains(out, "W:") || strings.Contains(out, "E:") {
		t.Errorf("apt-get update complains:\n%s", out)
	}
	publish(t, f, now, debOf(t, "app", "1.1", "armhf", "2"))
	touch()
	apt(true, "update")
	if out := apt(true, "install", "--simulate", "app"); !strings.Contains(out, "Inst app (1.1 Karl & Söhne:stable [amd64])") {
		t.Errorf("apt-get install:\n%s", out)
	}
	for _, version := range []string{"1.0", "1.1"} {
		apt(true, "download", "app="+version)
		b, err := os.ReadFile(filepath.Join(root, "app_"+version+"_amd64.deb"))
		if err != nil {
			t.Fatal(err)
		}
		published, err := os.ReadFile(filepath.Join(dir, "pool/main/a/app/app_"+version+"_amd64.deb"))
		if err != nil || string(b) != string(published) {
			t.Errorf("version %s is another one, %v", version, err)
		}
	}
	mu.Lock()
	all := strings.Join(asked, "\n")
	mu.Unlock()
	if !strings.Contains(all, "/by-hash/SHA256/") || strings.Contains(all, "Packages") {
		t.Errorf("apt asked for an index that may change:\n%s", all)
	}
	// A key that is not the published one.
	g := f
	g.Key = testKeys()[1]
	publish(t, g)
	touch()
	if out := apt(false, "update", "--error-on=any"); !strings.Contains(out, "NO_PUBKEY") && !strings.Contains(out, "issing key") {
		t.Errorf("apt-get takes another key:\n%s", out)
	}
}

// aptWith is an apt-get that knows one repository alone, by what is published for users.
func aptWith(t *testing.T, root, repo, sources string) func(ok bool, args ...string) string {
	t.Helper()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(repo, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	text := read(sources)
	_, keyring, _ := strings.Cut(text, "Signed-By: ")
	mine := filepath.Join(root, "etc", filepath.Base(strings.TrimSpace(keyring)))
	for name, text := range map[string]string{
		"etc/sources.list.d/" + sources: strings.Replace(text, strings.TrimSpace(keyring), mine, 1),
		"state/status":                  "", mine: read(keyName),
	} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(root, name)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var options []string
	for _, o := range []string{
		"Dir::Etc=" + root + "/etc", "Dir::Etc::SourceList=/dev/null", "Dir::Etc::SourceParts=" + root + "/etc/sources.list.d",
		"Dir::Etc::Parts=" + root + "/etc/apt.conf.d", "Dir::State=" + root + "/state", "Dir::State::Lists=" + root + "/state/lists",
		"Dir::State::Status=" + root + "/state/status", "Dir::Cache=" + root + "/cache", "APT::Architecture=amd64",
		"APT::Architectures=amd64", "Acquire::Languages=none", "APT::Sandbox::User=root", "Debug::NoLocking=true",
	} {
		options = append(options, "-o", o)
	}
	return func(ok bool, args ...string) string {
		t.Helper()
		cmd := exec.Command("apt-get", append(options, args...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "LC_ALL=C.UTF-8", "no_proxy=*")
		out, err := cmd.CombinedOutput()
		if ok != (err == nil) {
			t.Errorf("apt-get %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
}

// TestScanpackages compares Packages with that of dpkg's own tool.
func TestScanpackages(t *testing.T) {
	if exec.Command("dpkg-scanpackages", "--help").Run() != nil {
		t.Skip("dpkg-scanpackages is not on this machine")
	}
	dir := t.TempDir()
	publish(t, testFolder(dir), debOf(t, "app", "1.0", "amd64", "1"), debOf(t, "tool", "2.0~rc1", "amd64", "1"))
	scan := exec.Command("dpkg-scanpackages", "--multiversion", "--hash", "sha256", "pool")
	scan.Dir = dir
	out, err := scan.Output()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(dir, "dists/stable/main/binary-amd64/Packages"))
	if err != nil {
		t.Fatal(err)
	}
	fields := func(b []byte) string {
		var all []string
		for paragraph := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n\n") {
			lines := strings.Split(strings.ReplaceAll(paragraph, "\n ", "\x00"), "\n")
			all = append(all, strings.Join(sorted(lines), "\n"))
		}
		return strings.Join(sorted(all), "\n\n")
	}
	if got, want := fields(ours), fields(out); got != want {
		t.Errorf("Packages:\n%s\n\ndpkg-scanpackages:\n%s", got, want)
	}
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
