package pack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Zip packs a folder for Windows: the program and the DLLs that it needs beside each other,
// where the loader looks first, and nothing else of their packages.
//
//	image-server-1.0.0-windows-amd64/
//	    image-server.exe
//	    libcairo-2.dll …
//	    licences/packages/…          licence files of the DLLs' packages
//	    licences/modules/…           licence files of the Go modules
//
// DLLs that the program opens when it runs, and data that the manifest names, have the
// folders that they have in their packages.
type Zip struct{}

// Kind returns "zip".
func (Zip) Kind() string { return "zip" }

// FileName returns image-server-1.0.0-windows-amd64.zip.
func (Zip) FileName(in In) string { return in.stem() + ".zip" }

// Pack writes the archive.
func (Zip) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packZip(ctx, in, w); err != nil {
		return fmt.Errorf("pack zip of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

func packZip(ctx context.Context, in In, w io.Writer) error {
	if err := in.check(); err != nil {
		return err
	}
	if in.Target.GOOS() != "windows" {
		return fmt.Errorf("%s is no Windows", in.Target.Name)
	}
	t, err := windowsTree(in)
	if err != nil {
		return err
	}
	return t.writeZip(ctx, w, in.time(), in.Memo)
}

// windowsTree lays out the folder.
func windowsTree(in In) (*tree, error) {
	t := newTree()
	top := in.stem()
	t.file(path.Join(top, in.program()), in.Program, 0o755)
	for _, l := range in.Closure.Libraries {
		name := path.Join(top, l.Folder, l.Name)
		t.file(name, l.Path, 0o644)
		t.keep(name)
	}
	for _, f := range in.Data {
		if !fs.ValidPath(f.Name) {
			return nil, fmt.Errorf("data file %q: no path below the program's folder", f.Name)
		}
		if t.has(path.Join(top, f.Name)) {
			continue // a DLL that is declared as data, too
		}
		t.file(path.Join(top, f.Name), f.Path, 0o644)
	}
	owners, err := in.owners()
	if err != nil {
		return nil, err
	}
	for _, f := range in.Data {
		if p, ok := in.pkg(f.Package); ok && !slices.ContainsFunc(owners, func(o Package) bool { return o.Package == p.Package }) {
			owners = append(owners, p)
		}
	}
	licences, _, err := Licences(in.Modules, owners, in.all())
	if err != nil {
		return nil, err
	}
	for _, l := range licences {
		t.bytes(path.Join(top, "licences", l.Name), l.Content)
	}
	return t, t.checkWindows()
}

// checkWindows refuses names that Windows cannot have, and those that it takes for one.
func (t *tree) checkWindows() error {
	folded := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		for part := range strings.SplitSeq(name, "/") {
			if err := checkWindowsName(part); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		for n := name; n != "."; n = path.Dir(n) {
			key := strings.ToLower(n)
			if other, seen := folded[key]; seen && other != n {
				return fmt.Errorf("%s and %s are one name on Windows", other, n)
			}
			folded[key] = n
		}
	}
	return nil
}

// devices are names that Windows keeps for itself, with any ending.
var devices = []string{"con", "prn", "aux", "nul"}

func checkWindowsName(part string) error {
	stem, _, _ := strings.Cut(strings.ToLower(part), ".")
	port := len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '1' && stem[3] <= '9'
	switch {
	case slices.Contains(devices, stem), port:
		return errors.New("Windows keeps that name for a device")
	case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
		return errors.New("Windows drops the dot or space at the end")
	case strings.ContainsAny(part, `<>:"\|?*`) || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }):
		return errors.New("Windows does not have such names")
	}
	return nil
}

// writeZip writes everything as a zip archive: names in UTF-8 and said to be so where they
// are not ASCII, no attributes of Unix, no data descriptors, which some readers stumble over.
func (t *tree) writeZip(ctx context.Context, w io.Writer, at time.Time, memo Memo) error {
	out := zip.NewWriter(w)
	z := newBlocks(nil, memo)
	z.raw = true
	defer z.wait()
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := t.entries[name]
		if e.dir || e.link != "" {
			continue
		}
		if err := e.writeZip(ctx, out, z, name, at); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

// maxZipped bounds what is compressed in memory: headers state sizes before the content.
const maxZipped = 1 << 30

func (e entry) writeZip(ctx context.Context, out *zip.Writer, z *blocks, name string, at time.Time) error {
	c, err := e.open()
	if err != nil {
		return err
	}
	defer c.close()
	if c.size > maxZipped {
		return fmt.Errorf("%d bytes are too many for a zip", c.size)
	}
	var packed memory
	z.begin(&packed, e.keep)
	sum := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(z, sum), &ctxReader{ctx, c})
	if err == nil && n != c.size {
		err = io.ErrUnexpectedEOF // the file changed meanwhile
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return err
	}
	h := &zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: sum.Sum32(),
		CreatorVersion: 20, ReaderVersion: 20, // of MS-DOS: no attributes but its own
		CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(n),
	}
	for _, c := range name {
		if c > 0x7e {
			h.Flags |= 0x800 // the name is UTF-8
		}
	}
	if first := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(first) {
		at = first // of what the format can say
	}
	h.SetModTime(at) //nolint:staticcheck // Modified would add an extra field that says the same
	f, err := out.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = f.Write(packed)
	return err
}

// memory gathers bytes.
type memory []byte

func (m *memory) Write(p []byte) (int, error) {
	*m = append(*m, p...)
	return len(p), nil
}
