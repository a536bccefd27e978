package main

import (
	"archive/tar"
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/graft-build/graft/test/standin"
)

// windows measures the Windows program: what is fetched and shipped of the packages, and the
// times of the warm figures.
func (b *bench) windows() error {
	m, ok := standin.Find(b.ctx, b.root)
	if !ok {
		fmt.Println("windows: no packages here: MSYS2's mirror does not answer, and go run ./test, which builds the stand-in, has not run")
		return nil
	}
	if m.Address != "" {
		os.Setenv(standin.Variable, m.Address)
	}
	fmt.Printf("windows/amd64, packages from %s:\n", m.What)
	args := oneTarget("windows/amd64", "zip")
	if _, err := b.run(nil, append([]string{b.graft}, args...)...); err != nil {
		return err
	}
	if err := b.shipped(); err != nil {
		return err
	}
	if err := b.again("windows/amd64, zip", args...); err != nil {
		return err
	}
	return b.edited("windows/amd64", "zip")
}

// weight is a number of files and their bytes.
type weight struct {
	files int
	bytes int64
}

func (w *weight) add(n int64) { w.files, w.bytes = w.files+1, w.bytes+n }

func (w weight) String() string { return fmt.Sprintf("%d, %s", w.files, mb(w.bytes)) }

// shipped compares the DLLs in the zip with all DLLs of all locked packages, and with all of
// the repository: the article's way was to copy the former by hand.
func (b *bench) shipped() error {
	raw, err := os.ReadFile(filepath.Join(b.dir, project, "graft.lock"))
	if err != nil {
		return err
	}
	var l struct {
		Packages []struct {
			Target, Name, SHA256 string
			Size                 int64
		}
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	var fetched, all, inZip weight
	for _, p := range l.Packages {
		if p.Target != "windows/amd64" {
			continue
		}
		fetched.add(p.Size)
		hex := strings.TrimPrefix(p.SHA256, "sha256:")
		if err := eachFile(filepath.Join(b.store, "blobs", "sha256", hex[:2], hex), func(name string, size int64) {
			if isDLL(name) {
				all.add(size)
			}
		}); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	found, err := filepath.Glob(filepath.Join(b.dir, "one", "*.zip"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("find the zip: %q %w", found, err)
	}
	z, err := zip.OpenReader(found[0])
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if isDLL(f.Name) {
			inZip.add(int64(f.UncompressedSize64))
		}
	}
	fmt.Printf("packages of windows/amd64: %v\n", fetched)
	fmt.Printf("DLLs shipped: %v; all DLLs of these packages: %v: %.2f of the bytes\n", inZip, all, float64(inZip.bytes)/float64(max(all.bytes, 1)))
	return nil
}

func isDLL(name string) bool { return strings.EqualFold(path.Ext(name), ".dll") }

// eachFile lists the files of a .pkg.tar.zst.
func eachFile(file string, visit func(name string, size int64)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer zr.Close()
	tr := tar.NewReader(zr)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			visit(h.Name, h.Size)
		}
	}
}
