// Command test runs all of graft's tests and says what was skipped and why. As root on
// Debian it first installs the programs that tests compare with (dpkg-dev, qemu-user-static
// and others), and says so.
//
//	go run ./test [arguments for go test]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sort"
	"strings"
	"time"

	"github.com/graft-build/graft/test/standin"
)

// tools are the programs that tests compare with or start foreign binaries by, and the
// Debian package of each.
var tools = []struct{ program, pkg string }{
	{"dpkg-deb", "dpkg"},
	{"dpkg-shlibdeps", "dpkg-dev"},
	{"arm-linux-gnueabihf-objdump", "binutils-arm-linux-gnueabihf"},
	{"lintian", "lintian"},
	{"mmdebstrap", "mmdebstrap"},
	{"arch-test", "arch-test"},
	{"readelf", "binutils"},
	{"gpgv", "gpgv"},
	{"gpg", "gpg"},
	{"pkgconf", "pkgconf"},
	{"gcc", "gcc"},
	{"pacman", "pacman-package-manager"},
	{"qemu-arm-static", "qemu-user-static"},
	{"unshare", "util-linux"},
	{"skopeo", "skopeo"},
	{"umoci", "umoci"},
	{"runc", "runc"},
	{"/usr/lib/wine/wine64", "wine64"},
	{"wrestool", "icoutils"},
	{"nix", "nix-bin"},
}

func main() {
	install()
	zig()
	windowsPackages()
	args := append([]string{"test", "-json", "-timeout", "60m"}, os.Args[1:]...)
	if len(os.Args) == 1 {
		vet()
		args = append(args, "./...")
	}
	os.Exit(run(args))
}

// install brings what is missing from Debian's archive.
func install() {
	var missing []string
	for _, t := range tools {
		if _, err := exec.LookPath(t.program); err != nil {
			missing = append(missing, t.pkg)
		}
	}
	if len(missing) == 0 {
		return
	}
	list := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		fmt.Printf("test: not installed: %s; tests that compare with them are skipped (as root on Debian: apt-get install %s)\n", list, list)
		return
	}
	fmt.Printf("test: installing %s from Debian\n", list)
	for _, argv := range [][]string{
		{"apt-get", "update", "-q"},
		append([]string{"apt-get", "install", "-q", "-y", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Printf("test: %s: %v\n%s", strings.Join(argv, " "), err, out)
			return
		}
	}
}

// zig gives tests that try it by itself the zig that graft builds with. The end-to-end tests
// do not see it: they let graft fetch its own.
func zig() {
	z, err := standin.Zig(context.Background())
	if err != nil {
		fmt.Printf("test: no zig, tests that try it by itself are skipped: %v\n", err)
		return
	}
	os.Setenv("GRAFT_ZIG", z.Exe)
	os.Setenv("ZIG_LIB_DIR", z.Lib)
}

// windowsPackages makes sure that tests of Windows targets have packages to take.
func windowsPackages() {
	m, ok := standin.Find(context.Background(), ".")
	if !ok {
		var err error
		if m, err = standin.Build(context.Background(), ".", os.Stdout); err != nil {
			fmt.Printf("test: no packages for Windows, tests that need them are skipped: %v\n", err)
			return
		}
	}
	fmt.Printf("test: packages for Windows come from %s\n", m.What)
	if m.Address != "" {
		os.Setenv(standin.Variable, m.Address)
	}
}

// vet stops at what needs no test to be seen.
func vet() {
	out, err := exec.Command("gofmt", "-l", ".").Output()
	if len(out) > 0 || err != nil {
		fmt.Printf("test: not formatted by gofmt: %s %v\n", strings.Fields(string(out)), err)
		os.Exit(1)
	}
	cmd := exec.Command("go", "vet", "./...")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Printf("test: go vet: %v\n%s", err, out)
		os.Exit(1)
	}
}

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type name struct{ pkg, test string }

type results struct {
	passed, failed int
	skipped        []string
	output         map[name]*strings.Builder
}

func run(args []string) int {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Println("test:", err)
		return 1
	}
	start := time.Now()
	r := &results{output: map[name]*strings.Builder{}}
	r.read(out)
	err = cmd.Wait()
	sort.Strings(r.skipped)
	for _, s := range r.skipped {
		fmt.Println("skipped", s)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	fmt.Printf("took %s\n", time.Since(start).Round(time.Second))
	var exit *exec.ExitError
	if errors.As(err, &exit) || r.failed > 0 {
		return 1
	}
	if err != nil || r.passed == 0 {
		fmt.Println("test: no test ran:", err)
		return 1
	}
	return 0
}

func (r *results) read(in io.Reader) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		r.add(e)
	}
}

func (r *results) add(e event) {
	n := name{e.Package, e.Test}
	if r.output[n] == nil {
		r.output[n] = new(strings.Builder)
	}
	said := r.output[n]
	switch e.Action {
	case "output", "build-output":
		said.WriteString(e.Output)
	case "pass":
		if e.Test != "" {
			r.passed++
		} else {
			fmt.Printf("ok      %s %.1fs\n", e.Package, e.Elapsed)
		}
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, e.Package+" "+e.Test+": "+reason(said.String()))
		}
	case "fail", "build-fail":
		r.failed++
		fmt.Printf("FAIL    %s %s\n%s", e.Package, e.Test, said)
	}
	if e.Action == "pass" || e.Action == "fail" || e.Action == "skip" {
		delete(r.output, n)
	}
}

// reason is what a skipped test gave as its reason.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			if _, text, ok = strings.Cut(text, ": "); ok {
				return strings.TrimSpace(text)
			}
		}
	}
	return "no reason given"
}
