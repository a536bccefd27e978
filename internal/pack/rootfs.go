package pack

import (
	"bytes"
	"crypto/sha256"
	stdelf "debug/elf"
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

// certificates is the package whose certificates become the image's bundle, at bundlePath,
// where it would be if the package's own scripts had run.
const (
	certificates = "ca-certificates"
	bundlePath   = "etc/ssl/certs/ca-certificates.crt"
	certsFolder  = "usr/share/ca-certificates"
)

// leftOut is what no program reads. Copyright files stay: they go along with what is shipped.
var leftOut = []string{
	"usr/share/bug", "usr/share/devhelp", "usr/share/doc", "usr/share/doc-base", "usr/share/gtk-doc", "usr/share/help",
	"usr/share/info", "usr/share/lintian", "usr/share/man", "usr/include", "usr/lib/pkgconfig", "usr/share/pkgconfig",
}

// maxTreeFiles bounds the files of an image.
const maxTreeFiles = 1 << 20

// rootfs is what an image's packages bring, in whichever layer.
type rootfs struct {
	all   *tree
	owner map[string]string // package by path, for messages
	count int
}

// add adds a package to the tree of its layer.
func (r *rootfs) add(t *tree, p Package) error {
	b := &unpacked{rootfs: r, t: t, p: p}
	if err := b.add(); err != nil {
		return fmt.Errorf("package %s: %w", p.Package, err)
	}
	return nil
}

// unpacked adds one package to the tree of its layer.
type unpacked struct {
	*rootfs
	t     *tree
	p     Package
	certs [][]byte
}

func (b *unpacked) add() error {
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

func (b *unpacked) entry(root *os.Root, name string, d fs.DirEntry) error {
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
func (b *unpacked) put(name string, e entry) error {
	if old, ok := b.all.entries[name]; ok {
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
	b.t.entries[name], b.all.entries[name] = e, e
	b.owner[name] = b.p.Package
	return nil
}

// certificate takes the certificates of the package that has them, for the bundle.
func (b *unpacked) certificate(root *os.Root, name string, d fs.DirEntry) error {
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

func wanted(name string) bool {
	if rest, ok := strings.CutPrefix(name, "usr/share/doc/"); ok {
		_, file, in := strings.Cut(rest, "/")
		return !in || file == "copyright"
	}
	return !slices.ContainsFunc(leftOut, func(d string) bool { return name == d || strings.HasPrefix(name, d+"/") })
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
