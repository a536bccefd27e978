// Package contents reads the Contents files of a Debian archive, which say which package
// has which file. It feeds the resolve stage.
//
// A line is a path, white space, and a list of package names with their section:
// "usr/include/cairo/cairo.h   libdevel/libcairo2-dev". Paths may hold spaces. Old files
// begin with a text for people that ends with a line "FILE   LOCATION".
package contents

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds a line; the longest of the archive name some hundred packages.
const MaxLine = 1 << 20

// MaxPreamble bounds the text before the table.
const MaxPreamble = 64 << 10

// Read calls f for each line, in the order of the file. path has no slash in front;
// packages is a list of names with sections, to be walked with Packages. Both are valid
// during the call only. An error of f ends the reading and is returned as it is.
func Read(r io.Reader, f func(path, packages []byte) error) error {
	in := bufio.NewReaderSize(r, 256<<10)
	if err := skipPreamble(in); err != nil {
		return err
	}
	var long []byte
	for n := 1; ; n++ {
		line, err := readLine(in, &long)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read contents: line %d: %w", n, err)
		}
		if len(line) == 0 {
			continue
		}
		path, packages, ok := split(line)
		if !ok {
			return fmt.Errorf("read contents: line %d: no path and package: %q", n, line[:min(len(line), 80)])
		}
		if err := f(path, packages); err != nil {
			return err
		}
	}
}

// Packages calls f for each package name of a list as Read passes it.
func Packages(list []byte, f func(name []byte)) {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if i := bytes.LastIndexByte(item, '/'); i >= 0 {
			item = item[i+1:]
		}
		if len(item) > 0 {
			f(item)
		}
	}
}

// skipPreamble discards what is before the table, if the file begins with such a text.
func skipPreamble(in *bufio.Reader) error {
	head, err := in.Peek(MaxPreamble)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read contents: %w", err)
	}
	at := 0
	for rest := head; ; {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return nil
		}
		at += len(line) + 1
		if f := bytes.Fields(line); len(f) == 2 && string(f[0]) == "FILE" && string(f[1]) == "LOCATION" {
			_, err := in.Discard(at)
			return err
		}
		rest = after
	}
}

// readLine returns a line without its end. It is valid until the next call.
func readLine(in *bufio.Reader, long *[]byte) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		*long = append((*long)[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = in.ReadSlice('\n')
			if *long = append(*long, line...); len(*long) > MaxLine {
				return nil, fmt.Errorf("longer than %d bytes", MaxLine)
			}
		}
		line = *long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// split cuts a line at its last white space.
func split(line []byte) (path, packages []byte, ok bool) {
	i := bytes.LastIndexAny(line, " \t")
	if i < 0 || i == len(line)-1 {
		return nil, nil, false
	}
	path = bytes.TrimRight(line[:i], " \t")
	path = bytes.TrimPrefix(path, []byte("./"))
	path = bytes.TrimPrefix(path, []byte("/"))
	return path, line[i+1:], len(path) > 0
}
