package manifest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Tree reads the YAML of other tools as Parse reads a manifest's: bounded, one document,
// without anchors and aliases. Errors are *Error.
func Tree(file string, r io.Reader) (*ast.File, error) {
	_, doc, err := readYAML(file, r)
	if err != nil {
		return nil, err
	}
	return doc.tree, nil
}

// readYAML reads the text within its bounds, and its tree.
func readYAML(file string, r io.Reader) ([]byte, *document, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(b) > MaxSize {
		return nil, nil, &Error{File: file, Text: fmt.Sprintf("the manifest is larger than %d bytes", MaxSize)}
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return nil, nil, &Error{File: file, Line: 1 + bytes.Count(b[:i], []byte("\n")), Col: 1, Text: "the manifest has a NUL byte: is it text?"}
	}
	if line := tooDeep(b); line > 0 {
		return nil, nil, &Error{File: file, Line: line, Col: 1, Text: fmt.Sprintf("nested deeper than %d levels", maxDepth)}
	}
	doc := &document{file: file}
	if doc.tree, err = parser.ParseBytes(b, 0); err != nil {
		return nil, nil, doc.wrap(err)
	}
	return b, doc, doc.plain()
}

// tooDeep returns the line in which brackets or indentation nest deeper than maxDepth, 0 if
// none does. It errs on the side of refusing: brackets inside of strings count.
func tooDeep(b []byte) int {
	for i, line := range bytes.Split(b, []byte("\n")) {
		open := 0
		for _, c := range line {
			switch c {
			case '[', '{':
				open++
			}
		}
		indent := len(line) - len(bytes.TrimLeft(line, " -?:"))
		if open > maxDepth || indent > 4*maxDepth {
			return i + 1
		}
	}
	if bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > 1000 {
		return 1
	}
	return 0
}
