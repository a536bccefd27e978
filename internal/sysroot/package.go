package sysroot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/format/deb"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/unpack"
	"github.com/graft-build/graft/target"
)

// limits of one package. The largest library packages of Debian unpack to some 300 MB.
var limits = unpack.Limits{Entries: 100_000, Bytes: 4 << 30, FileBytes: 2 << 30}

// PackageTree unpacks a package into the store, once, and returns the folder: data/ holds
// its files in the one layout of all trees, without documentation save copyright files;
// control/ holds the members of its control part (control, shlibs, symbols, …).
func PackageTree(ctx context.Context, s *store.Store, in Input) (dir string, err error) {
	return packageTree(ctx, s, in, nil)
}

func packageTree(ctx context.Context, s *store.Store, in Input, ev event.Sink) (string, error) {
	// A change of what trees contain changes these names.
	key := digest.NewKey("deb/1").AddDigest("sha256", in.SHA256).Digest()
	kind, unpack := "deb", unpackDeb
	if in.Prefix != "" {
		key = digest.NewKey("pacman/1").AddDigest("sha256", in.SHA256).Add("prefix", in.Prefix).Digest()
		kind, unpack = "pacman", unpackPacman
	}
	dir, _, err := s.Tree(ctx, kind, key, func(ctx context.Context, dir string) error {
		return unpack(ctx, in, dir, ev)
	})
	if err != nil {
		return "", fmt.Errorf("unpack package %s: %w", in.Name, err)
	}
	return dir, nil
}

// unpackDeb fills dir from the package file.
func unpackDeb(ctx context.Context, in Input, dir string, ev event.Sink) error {
	return readPackage(in, ev, func(r io.Reader) error {
		a, err := deb.Open(filepath.Base(in.Name), r)
		if err != nil {
			return err
		}
		defer a.Close()
		if err := writeControl(filepath.Join(dir, "control"), a.Control); err != nil {
			return err
		}
		return writeData(ctx, filepath.Join(dir, "data"), a.Data())
	})
}

// readPackage gives a package file to unpack, whole, and checks that it is the right one.
func readPackage(in Input, ev event.Sink, unpack func(r io.Reader) error) error {
	f, err := os.Open(in.Blob)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	// The file was verified when it arrived; a disk may have lost something since.
	h := sha256.New()
	r := &meter{r: io.TeeReader(f, h), in: in, total: fi.Size(), events: ev}
	defer r.end()

	if err := unpack(r); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	if got := digest.Sum(h); got != in.SHA256 {
		return fmt.Errorf("read %s: %w", in.Blob, &store.MismatchError{Want: in.SHA256, Got: got, WantSize: -1, GotSize: fi.Size()})
	}
	return nil
}

func writeControl(dir string, control map[string][]byte) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, b := range control {
		if err := root.WriteFile(name, b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeData(ctx context.Context, dir string, r io.Reader) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	_, err = unpack.Tar(ctx, r, root, limits, unpack.Options{Rename: merged, Filter: keep})
	if err != nil {
		return err
	}
	return linkMerged(root)
}

// checkArch refuses a package of another architecture: its libraries would be passed over
// by the linker, its headers would be wrong.
func checkArch(tree string, in Input, t target.Target) error {
	if in.Prefix != "" {
		return nil // its files lie in the folder of an environment, which is of one processor
	}
	b, err := os.ReadFile(filepath.Join(tree, "control", "control"))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, len(b)+1)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if !ok || !strings.EqualFold(name, "Architecture") {
			continue
		}
		if arch := strings.TrimSpace(value); arch != t.Arch && arch != "all" {
			return fmt.Errorf("package %s is for %s, and target %s takes packages for %s", in.Name, arch, t.Name, t.Arch)
		}
		return nil
	}
	return fmt.Errorf("package %s does not state its architecture", in.Name)
}

// meter tells how far the reading of a package file has come.
type meter struct {
	r           io.Reader
	in          Input
	done, total int64
	events      event.Sink
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	m.send(false)
	return n, err
}

func (m *meter) end() { m.send(true) }

func (m *meter) send(end bool) {
	m.events.Send(event.Bytes{ID: "unpack " + m.in.SHA256.Hex(), Label: m.in.Name, Done: m.done, Total: m.total, End: end})
}
