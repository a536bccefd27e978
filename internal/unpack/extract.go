package unpack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

type kind byte

const (
	kindDir kind = iota + 1
	kindFile
	kindLink
)

// extractor is one extraction. seen has everything made so far, by final name.
type extractor struct {
	ctx    context.Context
	root   *os.Root
	lim    Limits
	opt    Options
	stats  Stats
	count  int
	names  int // bytes of all names in seen
	seen   map[string]kind
	folded map[string]string
	buf    []byte
}

func (x *extractor) entry(hdr *tar.Header, r io.Reader) error {
	if x.count++; x.count > x.lim.Entries {
		return fmt.Errorf("more than %d entries", x.lim.Entries)
	}
	if hdr.Typeflag == tar.TypeXGlobalHeader {
		return nil // comments, as git archive writes them
	}
	name, err := x.name(hdr.Name)
	if err != nil {
		return err
	}
	if name == "" || name == "." || x.opt.Filter != nil && !x.opt.Filter(name, hdr) {
		return nil
	}
	if hdr.Typeflag == tar.TypeDir {
		return x.dir(name)
	}
	if _, ok := x.seen[name]; ok {
		return errors.New("name occurs twice")
	}
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return x.file(name, hdr, r)
	case tar.TypeSymlink:
		return x.symlink(name, hdr)
	case tar.TypeLink:
		return x.link(name, hdr)
	}
	if x.opt.SkipSpecial {
		return nil
	}
	return fmt.Errorf("entry of type %q is no file, folder or link", hdr.Typeflag)
}

// name is the name that an entry, or a hard link's goal, gets: "" when it is left out.
func (x *extractor) name(raw string) (string, error) {
	name, err := clean(raw)
	if err != nil {
		return "", err
	}
	name = x.strip(name)
	if name == "" || name == "." || x.opt.Rename == nil {
		return name, nil
	}
	if name = x.opt.Rename(name); name == "" {
		return "", nil
	}
	return clean(name)
}

func (x *extractor) strip(name string) string {
	for range x.opt.Strip {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			return ""
		}
		name = rest
	}
	return name
}

// local turns a name into a path of this system, and refuses what means something else
// there: on Windows a drive, a device, a stream.
func local(name string) (string, error) {
	p, err := filepath.Localize(name)
	if err != nil {
		return "", errors.New("this system takes no such name")
	}
	return p, nil
}

// add notes a name as taken. Folders that no entry names count as well.
func (x *extractor) add(name string, k kind) error {
	if x.names += len(name); x.names > maxNames || len(x.seen) > x.lim.Entries {
		return errors.New("too many names")
	}
	if x.opt.CaseFold {
		low := strings.ToLower(name)
		if other, ok := x.folded[low]; ok && other != name {
			return fmt.Errorf("differs from %q in case alone", other)
		}
		x.folded[low] = name
	}
	x.seen[name] = k
	return nil
}

// dir makes a folder and those above it. A folder may occur any number of times.
func (x *extractor) dir(name string) error {
	switch x.seen[name] {
	case kindDir:
		return nil
	case 0:
	default:
		return errors.New("name occurs as a folder and as something else")
	}
	if err := x.parent(name); err != nil {
		return err
	}
	if err := x.add(name, kindDir); err != nil {
		return err
	}
	p, err := local(name)
	if err != nil {
		return err
	}
	if err := x.root.Mkdir(p, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// What was there before must be a folder as well, and not a link to one.
	fi, err := x.root.Lstat(p)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return errors.New("something else than a folder has this name")
	}
	x.stats.Dirs++
	if fi.Mode().Perm() == 0o755 {
		return nil
	}
	return x.root.Chmod(p, 0o755) // whatever the umask is
}

// parent makes the folders above name. None of them may be a link: what is written through
// a link lands where the archive's author wants.
func (x *extractor) parent(name string) error {
	dir := path.Dir(name)
	if x.seen[dir] == kindDir {
		return nil
	}
	return x.dir(dir)
}

func (x *extractor) file(name string, hdr *tar.Header, r io.Reader) error {
	if hdr.Size > x.lim.FileBytes || hdr.Size > x.lim.Bytes-x.stats.Bytes {
		return fmt.Errorf("size of %d bytes is over the limit", hdr.Size)
	}
	p, err := x.prepare(name, kindFile)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if hdr.FileInfo().Mode()&0o111 != 0 {
		mode = 0o755
	}
	f, err := x.root.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	n, err := x.copy(f, r, hdr.Size)
	x.stats.Bytes += n
	if err == nil {
		err = f.Chmod(mode) // without the umask
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil && n != hdr.Size {
		err = io.ErrUnexpectedEOF
	}
	x.stats.Files++
	return err
}

// copy writes at most size bytes, and stops when the context ends.
func (x *extractor) copy(w io.Writer, r io.Reader, size int64) (int64, error) {
	if x.buf == nil {
		x.buf = make([]byte, 64<<10)
	}
	var done int64
	for done < size {
		if err := x.ctx.Err(); err != nil {
			return done, err
		}
		n, err := r.Read(x.buf[:min(int64(len(x.buf)), size-done)])
		if n > 0 {
			if _, err := w.Write(x.buf[:n]); err != nil {
				return done, err
			}
			done += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// prepare makes the folders above a name that is about to be made.
func (x *extractor) prepare(name string, k kind) (string, error) {
	if err := x.parent(name); err != nil {
		return "", err
	}
	if err := x.add(name, k); err != nil {
		return "", err
	}
	return local(name)
}

// link makes a hard link to a file that this archive holds already.
func (x *extractor) link(name string, hdr *tar.Header) error {
	to, err := x.name(hdr.Linkname)
	if err != nil {
		return fmt.Errorf("hard link to %q: %w", shorten(hdr.Linkname), err)
	}
	if x.seen[to] != kindFile {
		return fmt.Errorf("hard link to %q, which is no file before it in the archive", shorten(hdr.Linkname))
	}
	from, err := local(to)
	if err != nil {
		return err
	}
	p, err := x.prepare(name, kindFile)
	if err != nil {
		return err
	}
	x.stats.Files++
	return x.root.Link(from, p)
}

// symlink makes a symbolic link whose text is normal: relative, with ".." only in front.
// As no folder of a name is a link, such a link leads exactly where its text says, and a
// chain of them can't leave.
func (x *extractor) symlink(name string, hdr *tar.Header) error {
	to, err := x.goal(hdr)
	if err != nil {
		return fmt.Errorf("link to %q: %w", shorten(hdr.Linkname), err)
	}
	text, err := filepath.Rel("/"+path.Dir(name), "/"+to)
	if err != nil {
		return err
	}
	p, err := x.prepare(name, kindLink)
	if err != nil {
		return err
	}
	x.stats.Links++
	return x.root.Symlink(text, p)
}

// goal is where a symbolic link leads, as a name below the root.
func (x *extractor) goal(hdr *tar.Header) (string, error) {
	text := hdr.Linkname
	if text == "" || len(text) > maxName || strings.ContainsRune(text, 0) {
		return "", errors.New("not the name of anything")
	}
	at, err := clean(hdr.Name)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(text, "/") {
		// The root of the system that the archive is meant for is our root.
		if x.opt.Strip > 0 {
			return "", errors.New("absolute")
		}
		text = strings.TrimLeft(path.Clean(text), "/")
	} else {
		text = path.Join(path.Dir(at), text)
	}
	if text == ".." || strings.HasPrefix(text, "../") {
		return "", errors.New("leads outside")
	}
	if x.opt.Strip > 0 {
		if text = x.strip(text); text == "" {
			return "", errors.New("leads outside")
		}
	}
	if text == "" || text == "." {
		return ".", nil
	}
	if x.opt.Rename != nil {
		if text = x.opt.Rename(text); text == "" {
			return "", errors.New("leads to what is left out")
		}
	}
	return clean(text)
}
