package compare

import (
	"bytes"
	"context"
	"debug/elf"
	"debug/pe"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxContentKept is the largest member that is looked into, in bytes.
const maxContentKept = 256 << 20

// First says in words what the first difference of two artifacts is: which member, and where
// in it; "" when they are the same. What only follows from other members is named when
// nothing else differs. a and b are what the text calls the two.
func First(ctx context.Context, fileA, fileB, a, b string) (string, error) {
	of, err := Members(ctx, fileA)
	if err != nil {
		return "", err
	}
	to, err := Members(ctx, fileB)
	if err != nil {
		return "", err
	}
	if of[len(of)-1].Digest == to[len(to)-1].Digest {
		return "", nil
	}
	for _, derived := range []bool{false, true} {
		m, text := firstOf(of, to, derived, a, b)
		if text != "" {
			return text, nil
		}
		if m == nil {
			continue
		}
		if m.Archive {
			return sentence(m.Path, "it has the same members, but they are arranged or compressed in another way"), nil
		}
		where, err := inside(ctx, fileA, fileB, m.Path, a, b)
		return sentence(m.Path, where), err
	}
	return "the same members in another order", nil
}

func sentence(member, text string) string {
	if member == "" {
		return text
	}
	return member + ": " + text
}

// firstOf is the first member whose content differs, or a text about one that has no
// counterpart or another description.
func firstOf(of, to []Member, derived bool, a, b string) (*Member, string) {
	other := byPath(to)
	for i, m := range of {
		if m.Derived != derived {
			continue
		}
		o, ok := other[m.Path]
		switch {
		case !ok:
			return nil, m.Path + " is only in " + a
		case o.Digest != m.Digest:
			return &of[i], ""
		case o.Meta != m.Meta:
			return nil, fmt.Sprintf("%s: %s in %s, %s in %s", m.Path, m.Meta, a, o.Meta, b)
		}
	}
	mine := byPath(of)
	for _, m := range to {
		if _, ok := mine[m.Path]; !ok && m.Derived == derived {
			return nil, m.Path + " is only in " + b
		}
	}
	return nil, ""
}

func byPath(list []Member) map[string]Member {
	out := make(map[string]Member, len(list))
	for _, m := range list {
		out[m.Path] = m
	}
	return out
}

// inside says where the contents of a member differ.
func inside(ctx context.Context, fileA, fileB, member, a, b string) (string, error) {
	one, err := content(ctx, fileA, member, maxContentKept)
	if err != nil {
		return "", err
	}
	two, err := content(ctx, fileB, member, maxContentKept)
	if err != nil {
		return "", err
	}
	if one == nil || two == nil {
		return "its content differs", nil
	}
	at := 0
	for at < len(one) && at < len(two) && one[at] == two[at] {
		at++
	}
	if len(one) == len(two) || at < min(len(one), len(two)) {
		if text := textDifference(one, two, at, a, b); text != "" {
			return text, nil
		}
	}
	text := fmt.Sprintf("differs from byte %d (0x%x) on; %d bytes in %s, %d in %s", at, at, len(one), a, len(two), b)
	if name := section(one, two); name != "" {
		text = "section " + name + " differs; the file " + text
	}
	return text, nil
}

// textDifference are the first lines that differ, "" when it is no text.
func textDifference(one, two []byte, at int, a, b string) string {
	line := func(text []byte) (string, bool) {
		from := bytes.LastIndexByte(text[:at], '\n') + 1
		l, _, _ := bytes.Cut(text[from:], []byte("\n"))
		return string(l), utf8.Valid(l) && len(l) < 400 && !bytes.ContainsRune(l, 0)
	}
	was, ok := line(one)
	is, too := line(two)
	if !ok || !too {
		return ""
	}
	return fmt.Sprintf("line %d is %q in %s, %q in %s", 1+bytes.Count(one[:at], []byte("\n")), was, a, is, b)
}

// part is a section of a program.
type part struct {
	name   string
	offset uint64
	data   []byte
}

// section is the first section, by its place in the file, whose content differs; "" when the
// files are no programs of one kind or differ elsewhere.
func section(one, two []byte) string {
	x, y := sections(one), sections(two)
	for _, s := range x {
		i := slices.IndexFunc(y, func(o part) bool { return o.name == s.name })
		if i < 0 {
			return s.name + " (missing in the other)"
		}
		if !bytes.Equal(s.data, y[i].data) {
			return s.name
		}
	}
	return ""
}

func sections(b []byte) []part {
	var out []part
	cut := func(name string, offset, size uint64) {
		if offset <= uint64(len(b)) && size <= uint64(len(b))-offset {
			out = append(out, part{name, offset, b[offset : offset+size]})
		}
	}
	switch {
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		f, err := elf.NewFile(bytes.NewReader(b))
		if err != nil {
			return nil
		}
		for _, s := range f.Sections {
			if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
				cut(s.Name, s.Offset, s.FileSize)
			}
		}
	case bytes.HasPrefix(b, []byte("MZ")):
		f, err := pe.NewFile(bytes.NewReader(b))
		if err != nil {
			return nil
		}
		for _, s := range f.Sections {
			cut(s.Name, uint64(s.Offset), uint64(s.Size))
		}
	}
	slices.SortStableFunc(out, func(x, y part) int { return int(int64(x.offset) - int64(y.offset)) })
	return out
}

// Text reads a small member, such as the control file of a package; nil when it is not there.
func Text(ctx context.Context, name, suffix string) ([]byte, error) {
	list, err := Members(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if strings.HasSuffix(m.Path, suffix) && m.Size < 1<<20 {
			return content(ctx, name, m.Path, 1<<20)
		}
	}
	return nil, nil
}
