package e2e

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// trixieAlone are targets that Debian has in trixie and not before, with its names of their processors.
var trixieAlone = map[string]string{"linux/riscv64": "riscv64"}

// served are the targets whose packages the mirror of this machine can have: some mirrors have an
// index of trixie that is newer than the lists that it names, and graft refuses those. Targets that are
// left out are tests that were skipped.
func served(t *testing.T, targets []string) []string {
	t.Helper()
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm", "Component: main").Output()
	mirror, _, ok := strings.Cut(string(out), "\n")
	if err != nil || !ok {
		return targets
	}
	return slices.DeleteFunc(slices.Clone(targets), func(target string) bool {
		arch, asked := trixieAlone[target]
		if !asked {
			return false
		}
		said, has := listSizes(strings.TrimSuffix(mirror, "/")+"/dists/trixie/", "main/Contents-"+arch+".gz")
		if said != has {
			t.Run(target, func(t *testing.T) {
				t.Skipf("the mirror's index of trixie names a list of %d bytes for %s, and the mirror has one of %d", said, arch, has)
			})
		}
		return said != has
	})
}

// listSizes are the size of a list by a suite's index and that of the file; equal when they are not
// known, so that graft has the word.
func listSizes(suite, list string) (said, has int64) {
	res, err := http.Get(suite + "InRelease")
	if err != nil {
		return 0, 0
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	m := regexp.MustCompile(`(?m)^ [0-9a-f]{64} +([0-9]+) ` + regexp.QuoteMeta(list) + `$`).FindSubmatch(text)
	if err != nil || m == nil {
		return 0, 0
	}
	head, err := http.Head(suite + list)
	if err != nil || head.StatusCode != http.StatusOK || head.ContentLength < 0 {
		return 0, 0
	}
	head.Body.Close()
	said, _ = strconv.ParseInt(string(m[1]), 10, 64)
	return said, head.ContentLength
}
