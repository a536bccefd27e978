package pkgconfig

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/graft-build/graft/internal/format/pc"
)

// systemDirs are Debian's, which pkgconf has compiled in without the sysroot.
var (
	systemInclude = []string{"/usr/include"}
	systemLib     = []string{"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib", "/lib"}
)

// oracle asks pkgconf the same as us about .pc files below root.
type oracle struct {
	cfg Config
	env []string
}

func newOracle(t *testing.T, root string, dirs ...string) *oracle {
	t.Helper()
	out, err := exec.Command("pkgconf", "--version").Output()
	if err != nil {
		t.Skip("no pkgconf")
	}
	if v := strings.TrimSpace(string(out)); v != Version {
		t.Skipf("pkgconf is version %s, which prints other orders than %s", v, Version)
	}
	o := &oracle{cfg: Config{Sysroot: root, SystemInclude: systemInclude, SystemLib: systemLib}}
	for _, d := range dirs {
		o.cfg.Dirs = append(o.cfg.Dirs, root+d)
	}
	in := func(dirs []string) string {
		var out []string
		for _, d := range dirs {
			out = append(out, root+d)
		}
		return strings.Join(out, ":")
	}
	o.env = []string{
		"PATH=" + os.Getenv("PATH"), "PKG_CONFIG_SYSROOT_DIR=" + root, "PKG_CONFIG_LIBDIR=" + in(dirs),
		"PKG_CONFIG_SYSTEM_INCLUDE_PATH=" + in(systemInclude), "PKG_CONFIG_SYSTEM_LIBRARY_PATH=" + in(systemLib),
	}
	return o
}

// compare asks both, and returns what differs.
func (o *oracle) compare(args ...string) string {
	var ours, ourErr bytes.Buffer
	exit := Run(o.cfg, args, &ours, &ourErr)
	cmd := exec.Command("pkgconf", args...)
	cmd.Env = o.env
	theirs, err := cmd.Output()
	if failed := err != nil; failed != (exit != 0) {
		return fmt.Sprintf("%q: exit status %d, pkgconf: %v\n%s", args, exit, err, ourErr.String())
	}
	if err != nil {
		return ""
	}
	if a, b := trim(ours.String()), trim(string(theirs)); a != b {
		return fmt.Sprintf("%q:\n got %s\nwant %s", args, a, b)
	}
	return ""
}

// trim takes off the spaces that pkgconf leaves at the ends of lines.
func trim(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// questions are the options that each module is asked about.
var questions = []string{
	"--cflags", "--libs", "--cflags --libs", "--libs --static", "--cflags --static", "--modversion", "--exists",
	"--print-requires", "--print-requires-private", "--print-provides", "--print-variables", "--cflags-only-I",
	"--cflags-only-other", "--libs-only-l", "--libs-only-L", "--libs-only-other", "--variable=prefix",
	"--variable=includedir", "--variable=libdir", "--variable=pcfiledir", "--variable=none", "--variable=pc_sysrootdir",
	"--keep-system-cflags --keep-system-libs --cflags --libs", "--define-variable=prefix=/opt --cflags --libs",
	"--libs --maximum-traverse-depth=1", "--libs --maximum-traverse-depth=2", "--path", "--atleast-version=1.0",
	"--max-version 2", "--exact-version=1.2.3",
}

// odd are files in which the readings of the format part.
var odd = map[string]string{
	"plain":     "prefix=/usr\nName: plain\nDescription: d\nVersion: 1.2.3\nCflags: -I${prefix}/include/plain\nLibs: -L${prefix}/lib/plain -lplain\n",
	"quotes":    "Name: q\nDescription: d\nVersion: 1\nCflags: -DA='x y' -DB=\"z\" -DC=\\\"s\\\" -I\"/usr/a b\"\n",
	"escape":    "a=x\\#y\nName: e\nDescription: d\nVersion: 1\nCflags: -DA=${a} \\\n  -DB # -DC\n",
	"case":      "Name: c\nDescription: d\nVersion: 1\nCFLAGS: -DA\nlibs: -lx\nLIBS.private: -ly\nREQUIRES: plain\n",
	"twice":     "Name: t\nDescription: d\nVersion: 1\nLibs: -la -lb -la\nCflags: -I/x -I/y -I/x -DA -DB -DA -pthread -pthread\n",
	"vars":      "a=1\nb=${a}2\na=3\nc=${b}${none}\nd='q u'\ne=/usr/${a}\nName: v\nDescription: d\nVersion: ${b}\nCflags: -D${c} -D${d}\n",
	"space":     "  prefix = /usr  \nName:v\nDescription :d\nVersion:1 \n Cflags: -DX\n",
	"depends":   "Name: d\nDescription: d\nVersion: 1\nRequires: plain >= 1.0, twice quotes = 1\nRequires.private: case\n",
	"toonew":    "Name: d\nDescription: d\nVersion: 1\nRequires: plain >= 2.0\n",
	"missing":   "Name: d\nDescription: d\nVersion: 1\nRequires: nowhere\n",
	"private":   "Name: d\nDescription: d\nVersion: 1\nRequires.private: nowhere\nLibs: -lp\n",
	"provider":  "Name: p\nDescription: d\nVersion: 1\nProvides: virtual = 2\nLibs: -lprovider\n",
	"wantsvirt": "Name: p\nDescription: d\nVersion: 1\nRequires: virtual >= 1\n",
	"conflict":  "Name: p\nDescription: d\nVersion: 1\nRequires: plain\nConflicts: plain < 2\n",
	"noconf":    "Name: p\nDescription: d\nVersion: 1\nRequires: plain\nConflicts: plain < 1\n",
	"cycle1":    "Name: p\nDescription: d\nVersion: 1\nRequires: cycle2\nLibs: -lc1\n",
	"cycle2":    "Name: p\nDescription: d\nVersion: 1\nRequires: cycle1\nLibs: -lc2\n",
	"diamond":   "Name: p\nDescription: d\nVersion: 1\nRequires: left right\nLibs: -ld\n",
	"left":      "Name: p\nDescription: d\nVersion: 1\nRequires: bottom\nLibs: -L/usr/l -lleft\nLibs.private: -lm\n",
	"right":     "Name: p\nDescription: d\nVersion: 1\nRequires: bottom\nLibs: -L/usr/r -lright\nLibs.private: -lm\n",
	"bottom":    "Name: p\nDescription: d\nVersion: 1\nLibs: -L/usr/l -lbottom -pthread\nLibs.private: -ldl -lm\n",
	"system":    "Name: p\nDescription: d\nVersion: 1\nCflags: -I/usr/include -I/usr/include/x\nLibs: -L/usr/lib -L/usr/lib/x -lx\n",
	"inside":    "Name: p\nDescription: d\nVersion: 1\nCflags: -I${pcfiledir}/../include\nLibs: -lx\n",
	"file":      "Name: p\nDescription: d\nVersion: 1\nLibs: /usr/lib/libx.a -lx\n",
}

func TestOddFiles(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "usr/lib/pkgconfig")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range odd {
		if err := os.WriteFile(filepath.Join(dir, name+".pc"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := newOracle(t, root, "/usr/lib/pkgconfig")
	for name := range odd {
		for _, q := range questions {
			if d := o.compare(append(strings.Fields(q), name)...); d != "" {
				t.Error(d)
			}
		}
	}
	for _, args := range []string{
		"--exists plain >= 1", "--exists plain >= 2", "--exists plain", "--exists nowhere", "--modversion plain twice",
		"--libs plain,twice", "--variable=prefix plain space", "--cflags -- plain", "--version", "--modversion pkg-config",
		"--atleast-pkgconfig-version 0.29", "--atleast-pkgconfig-version=99", "--exists virtual", "--exists virtual >= 3",
		"--libs", "--exists", "--uninstalled plain", "--print-requires depends diamond", "--libs --static left right",
	} {
		if d := o.compare(strings.Fields(args)...); d != "" {
			t.Error(d)
		}
	}
}

var uris = regexp.MustCompile(`(?m)^URIs:\s*(\S+)`)

// devTree unpacks libcairo2-dev and all it needs, from the machine's own Debian archive.
func devTree(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no downloads")
	}
	dir := t.TempDir()
	sh := exec.Command("sh", "-euc", `
cd "$1"
apt-get -o Dir::State::status=/dev/null install -s -y --no-install-recommends libcairo2-dev libqrencode-dev libgtk-3-dev |
	awk '/^Inst/ && ($2 ~ /-dev$/ || $2 ~ /^(x11proto|xtrans|xorg)/) && $2 !~ /^(libc6|linux|libperl|libpython)/ { print $2 }' > names
apt-get -o APT::Sandbox::User=root download $(cat names) >/dev/null
mkdir root
for d in *.deb; do dpkg-deb -x "$d" root; done`, "sh", dir)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Skipf("the packages can't be had here: %v\n%s", err, out)
	}
	return filepath.Join(dir, "root")
}

// Every .pc file of a real development tree gets the same answers as from pkgconf.
func TestRealFiles(t *testing.T) {
	root := devTree(t)
	dirs := []string{"/usr/lib/x86_64-linux-gnu/pkgconfig", "/usr/share/pkgconfig"}
	o := newOracle(t, root, dirs...)
	names := newRepository(o.cfg, nil).list()
	if len(names) < 60 {
		t.Fatalf("only %d modules: %q", len(names), names)
	}
	asked, wrong := 0, 0
	ask := func(args ...string) {
		asked++
		if d := o.compare(args...); d != "" && wrong < 20 {
			wrong++
			t.Error(d)
		}
	}
	for _, n := range names {
		for _, q := range questions {
			ask(append(strings.Fields(q), n)...)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q := questions[r.IntN(5)]
		ask(append(strings.Fields(q), names[r.IntN(len(names))], names[r.IntN(len(names))], names[r.IntN(len(names))])...)
	}
	t.Logf("%d questions about %d modules", asked, len(names))
}

// No module is read as an error that pkgconf reads.
func TestRealFilesParse(t *testing.T) {
	for _, dir := range []string{"/usr/lib/x86_64-linux-gnu/pkgconfig", "/usr/share/pkgconfig", "/usr/lib/pkgconfig"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*.pc"))
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			if _, err := pc.Parse(string(b), nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
