package pack

import (
	"bytes"
	"crypto/sha256"
	stdelf "debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/format/elf"
)

// The one user of an image beside root, and his folder.
const (
	home   = "/home/nonroot"
	userID = 65532
)

// certificates is the package whose certificates become the image's bundle, at bundlePath,
// where it would be if the package's own scripts had run.
const (
	certificates = "ca-certificates"
	bundlePath   = "etc/ssl/certs/ca-certificates.crt"
	certsFolder  = "usr/share/ca-certificates"
)

// mergedFolders are links into /usr on the target; packages may still use both places.
var mergedFolders = []string{"bin", "lib", "lib32", "lib64", "libx32", "sbin"}

// leftOut is what no program reads. Copyright files stay: they go along with what is shipped.
var leftOut = []string{
	"usr/share/bug", "usr/share/devhelp", "usr/share/doc", "usr/share/doc-base", "usr/share/gtk-doc", "usr/share/help",
	"usr/share/info", "usr/share/lintian", "usr/share/man", "usr/include", "usr/lib/pkgconfig", "usr/share/pkgconfig",
}

// maxTreeFiles bounds the files of an image.
const maxTreeFiles = 1 << 20

// systemTree lays out everything of the image but the program.
func systemTree(in In) (*tree, error) {
	t := newTree()
	accounts(t)
	release(t, in.Repo)
	owner := map[string]string{} // package by path, for messages
	for _, p := range in.Packages {
		b := &rootfs{t: t, p: p, owner: owner}
		if err := b.add(); err != nil {
			return nil, fmt.Errorf("package %s: %w", p.Package, err)
		}
	}
	if err := t.parents(); err != nil {
		return nil, err
	}
	for _, d := range mergedFolders {
		always := d == "bin" || d == "lib" || d == "sbin"
		if always && !t.has("usr/"+d) {
			t.dir("usr/"+d, 0o755, 0)
		}
		if t.has("usr/" + d) {
			t.link(d, "usr/"+d)
		}
	}
	for _, l := range in.Closure.Libraries {
		if l.Listed {
			continue
		}
		// A library in a folder that the loader doesn't search: the package's own scripts
		// would have linked to it (update-alternatives).
		dir := path.Join("usr/lib", in.Target.ABI.Triplet)
		if at := path.Join(dir, l.Name); !t.has(at) {
			t.link(at, relative(dir, merged(strings.TrimPrefix(l.Place, "/"))))
		}
	}
	return t, nil
}

// programTree is the layer of the application.
func programTree(in In) (*tree, error) {
	t := newTree()
	t.file("usr/bin/"+in.Meta.Name, in.Program, 0o755)
	licences, _, err := Licences(in.Modules, nil, nil)
	if err != nil {
		return nil, err
	}
	t.bytes("usr/share/doc/"+in.Meta.Name+"/copyright", copyrightText(in.Meta, licences))
	return t, nil
}

func accounts(t *tree) {
	t.bytes("etc/passwd", []byte("root:x:0:0:root:/root:/sbin/nologin\n"+
		"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"+
		"nonroot:x:65532:65532:nonroot:"+home+":/sbin/nologin\n"))
	t.bytes("etc/group", []byte("root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"))
	t.bytes("etc/nsswitch.conf", []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	t.dir(strings.TrimPrefix(home, "/"), 0o755, userID)
	t.dir("root", 0o700, 0)
	for _, d := range []string{"tmp", "var/tmp"} {
		t.dir(d, 0o1777, 0)
	}
	for _, d := range []string{"dev", "proc", "run", "sys"} {
		t.dir(d, 0o755, 0)
	}
}

// release says whose packages these are, for programs that look for known vulnerabilities.
func release(t *tree, repo string) {
	name, suite, _ := strings.Cut(repo, "-")
	version := map[string]string{"bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}[suite]
	if name != "debian" || version == "" {
		return
	}
	t.bytes("etc/os-release", fmt.Appendf(nil, "PRETTY_NAME=\"Debian GNU/Linux %[1]s (%[2]s)\"\nNAME=\"Debian GNU/Linux\"\n"+
		"VERSION_ID=\"%[1]s\"\nVERSION=\"%[1]s (%[2]s)\"\nVERSION_CODENAME=%[2]s\nID=debian\n", version, suite))
}

// rootfs adds one package to the tree.
type rootfs struct {
	t     *tree
	p     Package
	owner map[string]string
	certs [][]byte
	count int
}

func (b *rootfs) add() error {
	root, err := os.OpenRoot(filepath.Join(b.p.Dir, "data"))
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if b.count++; b.count > maxTreeFiles {
			return fmt.Errorf("more than %d files", maxTreeFiles)
		}
		return b.entry(root, name, d)
	})
	if err != nil {
		return err
	}
	if len(b.certs) > 0 {
		b.t.bytes(bundlePath, slices.Concat(b.certs...))
	}
	return b.status()
}

func (b *rootfs) entry(root *os.Root, name string, d fs.DirEntry) error {
	if b.p.Package == certificates {
		return b.certificate(root, name, d)
	}
	to := merged(name)
	if !wanted(to) {
		return nil
	}
	switch d.Type() {
	case fs.ModeDir:
		return nil // comes with what is in it
	case fs.ModeSymlink:
		if slices.Contains(mergedFolders, name) {
			return nil
		}
		target, err := root.Readlink(name)
		if err != nil {
			return err
		}
		return b.put(to, entry{mode: 0o777, link: moved(name, to, filepath.ToSlash(target))})
	case 0:
		mode, err := modeOf(root, name, to)
		if err != nil {
			return err
		}
		source := filepath.Join(b.p.Dir, "data", filepath.FromSlash(name))
		one := newTree()
		one.file(to, source, mode)
		return b.put(to, one.entries[to])
	}
	return fmt.Errorf("%s is neither file nor link", name)
}

// modeOf decides by content whether a file is a program. Modes of files are not the same on
// every host: Windows has none.
func modeOf(root *os.Root, name, to string) (int64, error) {
	const program, plain = 0o755, 0o644
	f, err := root.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for _, dir := range []string{"usr/bin/", "usr/sbin/", "usr/libexec/"} {
		if strings.HasPrefix(to, dir) {
			return program, nil
		}
	}
	var head [4]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(head[:n], []byte("#!")):
		return program, nil
	case string(head[:n]) != "\x7fELF":
		return plain, nil
	case strings.HasPrefix(path.Base(to), "ld-"): // the loader, which the kernel starts
		return program, nil
	}
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	e, err := elf.Parse(f, fi.Size())
	if err != nil || e.Interp == "" && e.Type != stdelf.ET_EXEC {
		return plain, nil // a library, or nothing that could be started
	}
	return program, nil
}

// put adds an entry; two packages may bring the same file only if it is the same.
func (b *rootfs) put(name string, e entry) error {
	if old, ok := b.t.entries[name]; ok {
		same := old.link == e.link && old.dir == e.dir
		if same && old.source != "" && e.source != "" {
			var err error
			if same, err = sameContent(old.source, e.source); err != nil {
				return err
			}
		}
		if !same {
			return fmt.Errorf("%s is another one in package %s", name, or(b.owner[name], "(the image itself)"))
		}
	}
	b.t.entries[name] = e
	b.owner[name] = b.p.Package
	return nil
}

// certificate takes the certificates of the package that has them, for the bundle.
func (b *rootfs) certificate(root *os.Root, name string, d fs.DirEntry) error {
	if name == "usr/share/doc/"+certificates+"/copyright" {
		c, err := readLimited(root, name)
		if err != nil {
			return err
		}
		b.t.bytes(name, c)
	}
	if !strings.HasPrefix(name, certsFolder+"/") || d.Type() != 0 || path.Ext(name) != ".crt" {
		return nil
	}
	c, err := readLimited(root, name) // WalkDir goes in the order of names
	if err != nil {
		return err
	}
	if len(c) > 0 && c[len(c)-1] != '\n' {
		c = append(c, '\n')
	}
	b.certs = append(b.certs, c)
	return nil
}

// status records the package for programs that look for known vulnerabilities in images.
// Like others' images without dpkg it uses one file a package.
func (b *rootfs) status() error {
	root, err := os.OpenRoot(b.p.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	c, err := readLimited(root, "control/control")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if base := path.Base(b.p.Package); base == b.p.Package && fileName(base) {
		b.t.bytes("var/lib/dpkg/status.d/"+base, c)
	}
	return nil
}

func wanted(name string) bool {
	if rest, ok := strings.CutPrefix(name, "usr/share/doc/"); ok {
		_, file, in := strings.Cut(rest, "/")
		return !in || file == "copyright"
	}
	return !slices.ContainsFunc(leftOut, func(d string) bool { return name == d || strings.HasPrefix(name, d+"/") })
}

// merged is a path's place in /usr.
func merged(name string) string {
	if first, _, _ := strings.Cut(name, "/"); slices.Contains(mergedFolders, first) {
		return "usr/" + name
	}
	return name
}

// moved returns the text of a link that has gone from one place to another. The text may
// climb above the root, which is then the root again.
func moved(from, to, target string) string {
	if !path.IsAbs(target) {
		target = path.Join("/", path.Dir(from), target)
	}
	return relative(path.Dir(to), merged(strings.TrimPrefix(path.Clean(target), "/")))
}

// relative returns the way from a folder to a path, both below the root.
func relative(dir, name string) string {
	from, to := components(dir), components(name)
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		from, to = from[1:], to[1:]
	}
	return or(strings.Join(append(slices.Repeat([]string{".."}, len(from)), to...), "/"), ".")
}

func components(name string) []string {
	if name == "" || name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

func sameContent(a, b string) (bool, error) {
	var sums [2][sha256.Size]byte
	for i, name := range []string{a, b} {
		f, err := os.Open(name)
		if err != nil {
			return false, err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return false, err
		}
		h.Sum(sums[i][:0])
	}
	return sums[0] == sums[1], nil
}
