package pacman

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/internal/format/decompress"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/format/pe"
)

const (
	maxContent   = 8 << 30  // bytes of a package's content
	maxFiles     = 500_000  // files of a package
	maxPath      = 4096     // bytes of one name
	maxFileNames = 64 << 20 // bytes of all names
	maxBinary    = 1 << 30  // bytes of one DLL or import library
	maxHeader    = 4 << 20  // bytes of one header that are looked at
)

// inspect reads a package once and gathers what its files ask of others. temp is a folder
// for DLLs, which are read out of order.
func inspect(ctx context.Context, name string, in io.Reader, env Environment, temp string) (*facts, error) {
	content, err := decompress.Open(name, in)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	s := &inspector{env: env, temp: filepath.Join(temp, "binary"), own: make(map[string]bool)}
	names := 0
	archive := tar.NewReader(&cappedReader{r: content, left: maxContent})
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if names += len(h.Name); n == maxFiles || names > maxFileNames || len(h.Name) > maxPath {
			return nil, fmt.Errorf("more than %d files, or names of more than %d bytes, or of %d in all", maxFiles, maxPath, maxFileNames)
		}
		if err := s.file(h, archive); err != nil {
			return nil, fmt.Errorf("%.200s: %w", h.Name, err)
		}
	}
	if s.dlls.full || s.modules.full || s.libs.full || s.includes.full {
		return nil, fmt.Errorf("it asks for more than %d things", maxNames)
	}
	return s.facts(), nil
}

type inspector struct {
	env                 Environment
	temp                string          // file that DLLs are copied to
	own                 map[string]bool // ends of the package's header paths: "cairo/cairo.h" and "cairo.h"
	dlls, modules, libs set
	includes            set // folder of the header that includes, NUL, what it includes
}

// facts drops the headers that the package has itself, beside the one that includes or in
// any folder that a -I of its own may name. Whether it has a DLL or module is known from the
// file index later.
func (s *inspector) facts() *facts {
	f := &facts{DLLs: s.dlls.sorted(), Modules: s.modules.sorted(), Libs: s.libs.sorted()}
	var headers set
	for _, pair := range s.includes.sorted() {
		dir, name, _ := strings.Cut(pair, "\x00")
		if !s.own[path.Join(dir, name)] && !s.own[name] {
			headers.add(name)
		}
	}
	f.Headers = headers.sorted()
	return f
}

// has notes a header of the package by all ends of its path.
func (s *inspector) has(below string) {
	for {
		s.own[below] = true
		_, rest, ok := strings.Cut(below, "/")
		if !ok {
			return
		}
		below = rest
	}
}

func (s *inspector) file(h *tar.Header, r io.Reader) error {
	if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeSymlink && h.Typeflag != tar.TypeLink {
		return nil
	}
	name := strings.TrimPrefix(h.Name, "./")
	c := s.env.classify(name)
	if c.header != "" {
		s.has(c.header)
	}
	if h.Typeflag != tar.TypeReg {
		return nil // what it leads to is a file of its own
	}
	switch {
	case c.header != "":
		return s.header(c.header, r)
	case c.module != "":
		return s.module(path.Dir("/"+name), r)
	case c.lib != "":
		return s.binary(h, r, s.library)
	case strings.EqualFold(path.Ext(name), ".dll"): // plugins outside of bin too
		return s.binary(h, r, s.dll)
	}
	return nil
}

// binary copies a member to a file and has it read.
func (s *inspector) binary(h *tar.Header, r io.Reader, read func(io.ReaderAt, int64) error) error {
	if h.Size > maxBinary {
		return fmt.Errorf("%d bytes are more than %d", h.Size, maxBinary)
	}
	f, err := os.Create(s.temp)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(f, r)
	if err != nil {
		return err
	}
	return read(f, n)
}

func (s *inspector) dll(r io.ReaderAt, size int64) error {
	f, err := pe.Read(r, size)
	if errors.Is(err, pe.ErrFormat) {
		return nil // a file of another kind by that name
	}
	if err != nil {
		return err
	}
	for _, name := range f.DLLs() {
		s.dlls.add(strings.ToLower(name))
	}
	return nil
}

func (s *inspector) library(r io.ReaderAt, size int64) error {
	lib, err := pe.ReadLibrary(r, size)
	if err != nil {
		return nil // of another kind: a linker script, an archive of other objects
	}
	for _, name := range lib.DLLs {
		s.dlls.add(strings.ToLower(name))
	}
	return nil
}

// module reads a .pc file. One that can't be read is one that nobody can use.
func (s *inspector) module(dir string, r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, pc.MaxFile+1))
	if err != nil || len(text) > pc.MaxFile {
		return err
	}
	f, err := pc.Parse(string(text), []pc.Var{{Name: "pcfiledir", Value: dir}})
	if err != nil {
		return nil
	}
	for _, list := range [][]pc.Dep{f.Requires, f.RequiresPrivate} {
		for _, d := range list {
			s.modules.add(d.Name)
		}
	}
	for _, flag := range f.Libs {
		if flag.Type == 'l' {
			s.libs.add(flag.Data)
		}
	}
	return nil
}

// header notes what a header includes, under whatever condition.
func (s *inspector) header(below string, r io.Reader) error {
	lines := bufio.NewReaderSize(io.LimitReader(r, maxHeader), 4096)
	for {
		line, err := lines.ReadSlice('\n')
		if name, ok := included(line); ok {
			s.includes.add(path.Dir(below) + "\x00" + name)
		}
		for err == bufio.ErrBufferFull { // no directive is that long
			_, err = lines.ReadSlice('\n')
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// included returns the name in #include <name> or #include "name".
func included(line []byte) (string, bool) {
	line = bytes.TrimLeft(line, " \t")
	if len(line) == 0 || line[0] != '#' {
		return "", false
	}
	line, ok := bytes.CutPrefix(bytes.TrimLeft(line[1:], " \t"), []byte("include"))
	line = bytes.TrimLeft(line, " \t")
	if !ok || len(line) < 3 {
		return "", false
	}
	end := byte('>')
	switch line[0] {
	case '<':
	case '"':
		end = '"'
	default:
		return "", false
	}
	name, _, ok := bytes.Cut(line[1:], []byte{end})
	if !ok || len(name) > 512 || !safePath(string(name)) {
		return "", false
	}
	return string(name), true
}

// cappedReader fails when more than left bytes are read.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("content of more than %d bytes", int64(maxContent))
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}
