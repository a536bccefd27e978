// Package edit changes the list plugins.use of a graft.yaml and nothing else: comments,
// order, quotes, indentation and line ends stay byte for byte as their author wrote them.
//
// The text is changed at places that the YAML parser's tokens give, and the result is read
// again: what does not say exactly what was asked for is refused instead of written.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/graft-build/graft/manifest"
)

// Error is a manifest that is not changed, because of a shape that this package does not know.
type Error struct {
	File string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("edit %s: %v; edit plugins.use by hand", e.File, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Insert writes a new plugin before the i-th of the list, or after the last one. file is for
// errors; those of the manifest itself are a *manifest.Error.
func Insert(file string, text []byte, i int, ref string) ([]byte, error) {
	return change(file, text, func(d *document) ([]proposal, error) {
		if i < 0 || i > len(d.uses) {
			return nil, fmt.Errorf("there is no place %d in a list of %d", i, len(d.uses))
		}
		var out []proposal
		for _, word := range spellings(ref) {
			out = append(out, d.insert(i, word)...)
		}
		return out, nil
	}, func(use []manifest.Use) []manifest.Use { return slices.Insert(use, i, manifest.Use{Module: ref}) })
}

// Set writes another folder or package@version for the i-th plugin. Its options stay.
func Set(file string, text []byte, i int, ref string) ([]byte, error) {
	return change(file, text, func(d *document) ([]proposal, error) {
		if i < 0 || i >= len(d.uses) {
			return nil, fmt.Errorf("there is no plugin %d in a list of %d", i, len(d.uses))
		}
		return d.set(i, ref)
	}, func(use []manifest.Use) []manifest.Use {
		use[i].Module = ref
		return use
	})
}

// Delete takes the i-th plugin out. A comment on its line goes with it, others stay.
func Delete(file string, text []byte, i int) ([]byte, error) {
	return change(file, text, func(d *document) ([]proposal, error) {
		if i < 0 || i >= len(d.uses) {
			return nil, fmt.Errorf("there is no plugin %d in a list of %d", i, len(d.uses))
		}
		return d.delete(i), nil
	}, func(use []manifest.Use) []manifest.Use { return slices.Delete(use, i, i+1) })
}

// proposal is a way to make a change: pieces of text to replace, in any order.
type proposal []splice

// splice replaces the bytes from..to of a text.
type splice struct {
	from, to int
	text     string
}

// change makes the first proposal that says what want makes of the list of plugins.
func change(file string, text []byte, propose func(*document) ([]proposal, error), want func([]manifest.Use) []manifest.Use) ([]byte, error) {
	before, err := manifest.Parse(file, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	d, err := read(text, before)
	if err != nil {
		return nil, &Error{file, err}
	}
	proposals, err := propose(d)
	if err != nil {
		return nil, &Error{file, err}
	}
	expected := *before
	expected.Plugins.Use = want(slices.Clone(before.Plugins.Use))
	for _, p := range proposals {
		out, ok := p.apply(text)
		if !ok {
			continue
		}
		after, err := manifest.Parse(file, bytes.NewReader(out))
		if err == nil && same(after, &expected) {
			return out, nil
		}
	}
	return nil, &Error{file, errors.New("its YAML is of an unusual shape")}
}

// same compares manifests; a list without plugins is one that is not there.
func same(a, b *manifest.Manifest) bool {
	x, y := *a, *b
	for _, m := range []*manifest.Manifest{&x, &y} {
		if len(m.Plugins.Use) == 0 {
			m.Plugins.Use = nil
		}
	}
	return x.Equal(&y)
}

// apply returns the changed text; false when the pieces overlap.
func (p proposal) apply(text []byte) ([]byte, bool) {
	list := slices.Clone(p)
	sort.SliceStable(list, func(i, j int) bool { return list[i].from < list[j].from })
	var out bytes.Buffer
	at := 0
	for _, s := range list {
		if s.from < at || s.to < s.from || s.to > len(text) {
			return nil, false
		}
		out.Write(text[at:s.from])
		out.WriteString(s.text)
		at = s.to
	}
	out.Write(text[at:])
	return out.Bytes(), true
}

// spellings are the ways to write a reference in YAML, the plainest first. Those that say
// something else are refused when the result is read.
func spellings(ref string) []string {
	words := []string{`'` + strings.ReplaceAll(ref, `'`, `''`) + `'`, doubleQuoted(ref)}
	if plain(ref) {
		words = append([]string{ref}, words...)
	}
	return words
}

// plain says whether a reference needs no quotes in any YAML, of any version.
func plain(s string) bool {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._/@+~-", r)
	}) {
		return false
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	case ".", "..":
		return true
	}
	// A first letter, ./ or ../ or / makes it no number.
	return s[0] == '/' || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z'
}

func doubleQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
