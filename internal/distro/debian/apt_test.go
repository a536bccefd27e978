package debian

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/graft-build/graft/internal/resolve"
)

// zoo is packages whose dependencies apt and graft must understand the same way.
var zoo = []fake{
	{name: "plain", depends: "leaf"},
	{name: "leaf"},
	{name: "least", depends: "versioned (>= 2)"},
	{name: "most", depends: "versioned (<< 3~)"},
	{name: "exact", depends: "versioned (= 2.0-1)"},
	{name: "versioned", version: "2.0-1"},
	{name: "first", depends: "leaf | plain"},
	{name: "second", depends: "gone | leaf"},
	{name: "too-new", depends: "versioned (>= 3) | leaf"},
	{name: "virtual", depends: "mta"},
	{name: "postfix", provides: "mta, smtp (= 3)"},
	{name: "virtual-version", depends: "smtp (>= 2)"},
	{name: "virtual-or", depends: "imap | smtp"},
	{name: "any", depends: "allowed:any"},
	{name: "allowed", multiArch: "allowed"},
	{name: "foreign", multiArch: "foreign", arch: "all"},
	{name: "all", arch: "all", depends: "foreign, plain"},
	{name: "cycle-a", depends: "cycle-b"},
	{name: "cycle-b", depends: "cycle-a, leaf"},
	{name: "both", depends: "real-and-provided"},
	{name: "real-and-provided"},
	{name: "provider", provides: "real-and-provided"},
	{name: "self", depends: "self | leaf"},
	{name: "epoch", depends: "with-epoch (>= 2)"},
	{name: "with-epoch", version: "1:0.5-1"},
	{name: "tilde", depends: "rc (<< 1.0)"},
	{name: "rc", version: "1.0~rc1-1"},
	{name: "updated", depends: "fixed"},
	{name: "fixed", version: "1.0-1"},
}

var zooSecurity = []fake{{name: "fixed", version: "1.0-1+deb12u1", depends: "leaf"}}

// TestApt lets apt-get install each package of the zoo into nothing and compares.
func TestApt(t *testing.T) {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		t.Skip("apt-get is not on this machine")
	}
	a := &archive{}
	a.add(t, madeSuite{suite: "bookworm", packages: zoo})
	a.add(t, madeSuite{suite: "bookworm-security", keys: []string{"security"}, packages: zooSecurity})
	base := a.serve(t)
	options := aptRoot(t, base)
	out, err := exec.Command(apt, append(options, "update")...).CombinedOutput()
	if err != nil {
		t.Skipf("apt-get update: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	r := open(t, configFor(t, &events{}, base))
	for _, f := range zoo {
		out, err := exec.Command(apt, append(options, "--simulate", "--no-install-recommends", "install", f.name)...).CombinedOutput()
		if err != nil {
			t.Errorf("apt-get install %s: %v\n%s", f.name, err, out)
			continue
		}
		var want []string
		for line := range strings.SplitSeq(string(out), "\n") {
			// Inst name (version …)
			if w := strings.Fields(line); len(w) > 2 && w[0] == "Inst" {
				want = append(want, w[1]+" "+strings.Trim(w[2], "("))
			}
		}
		slices.Sort(want)
		if d := cmp.Diff(want, everything(t, r, f.name)); d != "" {
			t.Errorf("%s: %s", f.name, d)
		}
	}
}

// aptRoot is the options for an apt that knows the made archive alone.
func aptRoot(t *testing.T, base string) []string {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sources := fmt.Sprintf("deb [signed-by=%s] %s bookworm main\ndeb [signed-by=%[1]s] %[2]s bookworm-security main\n", filepath.Join(root, "keys.gpg"), base)
	for name, text := range map[string]string{
		"etc/sources.list": sources, "state/status": "", "keys.gpg": string(keyringOf(t, "archive", "security")),
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	options := []string{}
	for _, o := range []string{
		"Dir::Etc=" + root + "/etc", "Dir::Etc::SourceList=" + root + "/etc/sources.list", "Dir::Etc::SourceParts=" + root + "/etc/sources.list.d",
		"Dir::Etc::Parts=" + root + "/etc/apt.conf.d", "Dir::State=" + root + "/state", "Dir::State::Lists=" + root + "/state/lists",
		"Dir::State::Status=" + root + "/state/status", "Dir::Cache=" + root + "/cache", "APT::Architecture=" + testArch,
		"APT::Architectures=" + testArch, "Acquire::Languages=none", "APT::Sandbox::User=root", "Acquire::Check-Date=false",
		"Acquire::GzipIndexes=false", "Debug::NoLocking=true",
	} {
		options = append(options, "-o", o)
	}
	return options
}

// everything follows all dependencies, the first candidate of each unless another is there.
func everything(t *testing.T, r *Repository, name string) []string {
	t.Helper()
	first, _, err := r.Package(name)
	if err != nil {
		t.Fatal(err)
	}
	chosen := map[string]resolve.Package{name: first}
	queue := []resolve.Package{first}
	for len(queue) > 0 {
		deps, err := r.Depends(t.Context(), queue[0])
		if err != nil {
			t.Fatal(err)
		}
		queue = queue[1:]
		for _, d := range deps {
			if slices.ContainsFunc(d.Candidates, func(c resolve.Package) bool { return chosen[c.Name] == c }) || len(d.Candidates) == 0 {
				continue
			}
			chosen[d.Candidates[0].Name] = d.Candidates[0]
			queue = append(queue, d.Candidates[0])
		}
	}
	var out []string
	for _, p := range chosen {
		out = append(out, p.Name+" "+p.Version)
	}
	slices.Sort(out)
	return out
}
