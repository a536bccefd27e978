package standin

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// debs are Debian's packages of MinGW-w64, whose C runtime is msvcrt, and of zlib for it.
var debs = []string{"mingw-w64-common", "mingw-w64-x86-64-dev", "libz-mingw-w64", "libz-mingw-w64-dev"}

// Mingw64 makes a repository in the form of MSYS2's mingw64, whose C runtime is msvcrt, below
// out: headers, C runtime, threads and zlib, from Debian's packages. work is an empty folder.
// The error says so when Debian's archive is not at hand.
func Mingw64(ctx context.Context, out, work string) error {
	get := exec.CommandContext(ctx, "apt-get", append([]string{"download", "-o", "APT::Sandbox::User=root"}, debs...)...)
	get.Dir = work
	if text, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("get Debian's MinGW-w64: %w\n%s", err, text)
	}
	found, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range found {
		if text, err := exec.CommandContext(ctx, "dpkg-deb", "-x", deb, filepath.Join(work, "root")).CombinedOutput(); err != nil {
			return fmt.Errorf("unpack %s: %w\n%s", deb, err, text)
		}
	}
	r := Repository{Environment: "mingw64", Prefix: "mingw-w64-x86_64-"}
	if r.Packages, err = mingwPackages(filepath.Join(work, "root", "usr")); err != nil {
		return err
	}
	return r.Write(out)
}

func mingwPackages(usr string) ([]Package, error) {
	headers := Package{Name: "headers-git", Version: "10.0.0-1", Files: map[string][]byte{}}
	crt := Package{Name: "crt-git", Version: "10.0.0-1", Depends: []string{"headers-git"}, Files: map[string][]byte{}}
	threads := Package{Name: "winpthreads-git", Version: "10.0.0-1", Depends: []string{"crt-git", "libwinpthread-git"}, Files: map[string][]byte{}}
	dll := Package{Name: "libwinpthread-git", Version: "10.0.0-1", Files: map[string][]byte{}}
	zlib := Package{Name: "zlib", Version: "1.2.13-1", Files: map[string][]byte{"lib/pkgconfig/zlib.pc": []byte(
		"prefix=/mingw64\nlibdir=${prefix}/lib\nincludedir=${prefix}/include\n\nName: zlib\nDescription: compression\nVersion: 1.2.13\nLibs: -L${libdir} -lz\nCflags: -I${includedir}\n")}}
	err := eachFile(filepath.Join(usr, "share", "mingw-w64", "include"), func(rel string, b []byte) {
		headers.Files["include/"+rel] = b
	})
	if err != nil {
		return nil, err
	}
	own := filepath.Join(usr, "x86_64-w64-mingw32")
	err = eachFile(filepath.Join(own, "lib"), func(rel string, b []byte) {
		switch name := path.Base(rel); {
		case strings.HasPrefix(name, "libz.") && strings.HasSuffix(name, ".a"):
			zlib.Files["lib/"+name] = b
		case name == "zlib1.dll":
			zlib.Files["bin/"+name] = b
		case name == "libwinpthread-1.dll":
			dll.Files["bin/"+name] = b
		case strings.HasPrefix(name, "libwinpthread."), strings.HasPrefix(name, "libpthread."):
			threads.Files["lib/"+name] = b
		case strings.HasSuffix(name, ".a"), strings.HasSuffix(name, ".o"):
			crt.Files["lib/"+rel] = b
		}
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"zlib.h", "zconf.h"} {
		if zlib.Files["include/"+name], err = os.ReadFile(filepath.Join(own, "include", name)); err != nil {
			return nil, err
		}
	}
	for name, doc := range map[*Package]string{&crt: "mingw-w64-common", &zlib: "libz-mingw-w64-dev"} {
		if name.Files["share/licenses/"+name.Name+"/COPYING"], err = os.ReadFile(filepath.Join(usr, "share/doc", doc, "copyright")); err != nil {
			return nil, err
		}
	}
	return []Package{headers, crt, threads, dll, zlib}, nil
}

// eachFile reads the files below a folder. Links are read as what they lead to, folders
// that are links are passed over.
func eachFile(dir string, visit func(rel string, b []byte)) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		visit(filepath.ToSlash(rel), b)
		return err
	})
}

// Repository is a small repository of packages for tests, unsigned.
type Repository struct {
	Environment, Prefix string
	Packages            []Package
}

// Package is a package of a Repository. Names of others are without their prefix, and files
// below the environment's folder.
type Package struct {
	Name, Version string
	Depends       []string
	Files         map[string][]byte
	Links         map[string]string // symbolic, by name
	Size          int64             // that the database claims; 0 for the true one
}

// Write writes packages and database below dir, as on a mirror.
func (r Repository) Write(dir string) error {
	dir = filepath.Join(dir, "mingw", r.Environment)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var db []member
	for _, p := range r.Packages {
		full := r.Prefix + p.Name
		file := full + "-" + p.Version + "-any.pkg.tar.zst"
		content := []member{{name: ".PKGINFO", text: fmt.Appendf(nil, "pkgname = %s\npkgver = %s\narch = any\n", full, p.Version)}}
		var list strings.Builder
		list.WriteString("%FILES%\n")
		for _, name := range p.names() {
			at := r.Environment + "/" + name
			fmt.Fprintln(&list, at)
			content = append(content, member{at, p.Files[name], p.Links[name]})
		}
		b, err := archive(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o644); err != nil {
			return err
		}
		var desc strings.Builder
		size := int64(len(b))
		if p.Size != 0 {
			size = p.Size
		}
		fmt.Fprintf(&desc, "%%FILENAME%%\n%s\n\n%%NAME%%\n%s\n\n%%BASE%%\n%s\n\n%%VERSION%%\n%s\n\n%%CSIZE%%\n%d\n\n%%ISIZE%%\n1\n\n%%SHA256SUM%%\n%x\n\n%%ARCH%%\nany\n\n%%BUILDDATE%%\n1700000000\n",
			file, full, full, p.Version, size, sha256.Sum256(b))
		if len(p.Depends) > 0 {
			desc.WriteString("\n%DEPENDS%\n")
			for _, d := range p.Depends {
				fmt.Fprintln(&desc, r.Prefix+d)
			}
		}
		folder := full + "-" + p.Version
		db = append(db, member{name: folder + "/desc", text: []byte(desc.String())}, member{name: folder + "/files", text: []byte(list.String())})
	}
	b, err := archive(db)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Environment+".files"), b, 0o644)
}

func (p Package) names() []string {
	var names []string
	for n := range p.Files {
		names = append(names, n)
	}
	for n := range p.Links {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

type member struct {
	name string
	text []byte
	link string
}

// archive makes a tar archive in zstd.
func archive(members []member) ([]byte, error) {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.text)), Typeflag: tar.TypeReg}
		if m.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, m.link
		}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(m.text); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
