package detect

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/format/cpp"
	"github.com/graft-build/graft/internal/hostdir"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/target"
)

// header is one that a package includes and its module does not have.
type header struct {
	Name   string
	Soft   bool     // it may be that it is not needed
	Places []string // other names that it can be found by, from folders of -I
}

// headers finds what the C of a package includes from outside of its module: that of the
// comments before import "C", and of its C, C++ and assembler files. read notes what it was
// made from; nil for a package that does not change.
func headers(p listed, t target.Target, read *trace) []header {
	if len(p.CgoFiles) == 0 {
		return nil
	}
	s := &headerScan{p: p, t: t, read: read, found: map[string]header{}}
	for _, name := range p.CgoFiles {
		if text := s.preamble(name); len(text) > 0 {
			s.scan(langC, name, text)
		}
	}
	for _, group := range []struct {
		lang  language
		files []string
	}{{langC, p.CFiles}, {langCXX, p.CXXFiles}, {langAsm, p.SFiles}} {
		for _, name := range group.files {
			if strings.HasSuffix(name, ".s") && group.lang == langAsm {
				continue // not preprocessed
			}
			s.scan(group.lang, name, nil)
		}
	}
	out := make([]header, 0, len(s.found))
	for _, name := range sortedKeys(s.found) {
		out = append(out, s.found[name])
	}
	return out
}

// headerScan is the search in one package.
type headerScan struct {
	p        listed
	t        target.Target
	read     *trace
	scanners [3]*cpp.Scanner
	flags    [3]includeFlags
	found    map[string]header
}

// preamble is the C in a Go file, without the #cgo lines.
func (s *headerScan) preamble(name string) []byte {
	full := filepath.Join(s.p.Dir, name)
	src, ok := readRegular(full, maxHead)
	if !ok {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return nil
	}
	var text bytes.Buffer
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			imp, ok := spec.(*ast.ImportSpec)
			if !ok || imp.Path.Value != `"C"` {
				continue
			}
			doc := imp.Doc
			if doc == nil && len(g.Specs) == 1 {
				doc = g.Doc
			}
			writeComment(&text, doc)
		}
	}
	return text.Bytes()
}

func writeComment(text *bytes.Buffer, doc *ast.CommentGroup) {
	if doc == nil {
		return
	}
	for _, c := range doc.List {
		body, line := strings.CutPrefix(c.Text, "//")
		if !line {
			body = strings.TrimSuffix(strings.TrimPrefix(body, "/*"), "*/")
		}
		for l := range strings.Lines(body) {
			if f := strings.Fields(l); len(f) > 0 && f[0] == "#cgo" {
				l = "\n"
			}
			text.WriteString(strings.TrimRight(l, "\r\n"))
			text.WriteByte('\n')
		}
	}
}

func (s *headerScan) scan(lang language, name string, text []byte) {
	if s.scanners[lang] == nil {
		s.flags[lang] = s.p.includeFlags(lang)
		f := s.flags[lang]
		defined, absent := macros(s.t, lang)
		for _, d := range f.defines {
			k, v, has := strings.Cut(d, "=")
			if !has {
				v = "1"
			}
			defined[k] = v
		}
		for _, u := range f.undefines {
			delete(defined, u)
		}
		s.scanners[lang] = cpp.New(cpp.Config{Defines: defined, Absent: absent, Quote: f.quote, Angle: f.angle, Read: s.file})
	}
	full := slash(filepath.Join(s.p.Dir, name))
	for _, in := range s.scanners[lang].Scan(full, text, s.flags[lang].forced...) {
		s.add(in, s.flags[lang].host)
	}
}

func (s *headerScan) add(in cpp.Include, host []string) {
	name := path.Clean(in.Name)
	if in.Is < cpp.Likely || standard(name) || strings.HasPrefix(name, "_cgo_") || !isHeader(name) ||
		name == "crypt.h" && s.t.ABI.Libc == "musl" {
		return
	}
	h := header{Name: name, Soft: in.Quoted || in.Is < cpp.Sure}
	for _, sub := range host {
		if sub != "" && isHeader(sub) {
			h.Places = append(h.Places, sub+"/"+name)
		}
	}
	if old, ok := s.found[name]; ok {
		h.Soft = h.Soft && old.Soft
		h.Places = append(old.Places, h.Places...)
	}
	slices.Sort(h.Places)
	h.Places = slices.Compact(h.Places)
	s.found[name] = h
}

// isHeader says whether a name can be that of a header in a package.
func isHeader(name string) bool {
	if len(name) > 300 || !filepath.IsLocal(name) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if !isName(part) {
			return false
		}
	}
	return true
}

// file reads a file of the package's module for the preprocessor.
func (s *headerScan) file(name string) ([]byte, bool) {
	native := filepath.FromSlash(name)
	if !within(s.p.root(), native) {
		return nil, false
	}
	text, ok := readRegular(native, maxScanned)
	s.read.note(native, text, ok)
	return text, ok
}

// maxScanned bounds a source that is looked through; amalgamations have some 10 MB.
const maxScanned = 64 << 20

func readRegular(name string, limit int64) ([]byte, bool) {
	fi, err := os.Stat(name)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > limit {
		return nil, false
	}
	text, err := os.ReadFile(name)
	return text, err == nil
}

func slash(p string) string { return filepath.ToSlash(p) }

// includeFlags is what the #cgo lines tell the preprocessor.
type includeFlags struct {
	defines, undefines []string
	quote, angle       []string // folders of the module
	forced             []string // of -include
	host               []string // what folders of the developer's machine are below the default ones
}

// takesValue are the preprocessor's flags with a value, in the same word or the next one.
var takesValue = []string{"-include", "-isystem", "-iquote", "-idirafter", "-I", "-D", "-U"}

func (p listed) includeFlags(lang language) includeFlags {
	words := slices.Clone(p.CgoCPPFLAGS)
	if lang == langCXX {
		words = append(words, p.CgoCXXFLAGS...)
	} else {
		words = append(words, p.CgoCFLAGS...)
	}
	f := includeFlags{angle: []string{slash(p.Dir)}} // the go command's own -I
	for i := 0; i < len(words); i++ {
		flag, value := preprocessorFlag(words[i])
		if flag == "" {
			continue
		}
		if value == "" && i+1 < len(words) {
			i++
			value = words[i]
		}
		f.add(p, flag, value)
	}
	return f
}

func preprocessorFlag(w string) (flag, value string) {
	for _, f := range takesValue {
		if v, ok := strings.CutPrefix(w, f); ok {
			return f, v
		}
	}
	return "", ""
}

func (f *includeFlags) add(p listed, flag, value string) {
	switch flag {
	case "-D":
		f.defines = append(f.defines, value)
		return
	case "-U":
		f.undefines = append(f.undefines, value)
		return
	case "-include":
		f.forced = append(f.forced, value)
		return
	}
	if sub, ok := hostdir.Include(value); ok && !within(p.root(), value) {
		f.host = append(f.host, sub)
		return
	}
	if !filepath.IsAbs(value) {
		value = filepath.Join(p.Dir, value)
	}
	if flag == "-iquote" {
		f.quote = append(f.quote, slash(value))
	} else {
		f.angle = append(f.angle, slash(value))
	}
}

// headersOf is headers, remembered for packages of the module cache, which do not change.
func headersOf(s *store.Store, p listed, t target.Target, local bool, read *trace) []header {
	if local || p.Module == nil || p.Module.Version == "" {
		return headers(p, t, read)
	}
	key := digest.NewKey("headers/1").Add("package", p.ImportPath, p.Module.Path, p.Module.Version).
		Add("target", t.Name).Add("go", p.CgoFiles...).Add("c", p.CFiles...).Add("c++", p.CXXFiles...).Add("s", p.SFiles...).
		Add("flags", p.relative(p.CgoCPPFLAGS)...).Add("cflags", p.relative(p.CgoCFLAGS)...).Add("cxxflags", p.relative(p.CgoCXXFLAGS)...).Digest()
	var out []header
	if b, ok := s.Record("headers", key); ok && json.Unmarshal(b, &out) == nil {
		return out
	}
	out = headers(p, t, nil)
	if b, err := json.Marshal(out); err == nil {
		_ = s.PutRecord("headers", key, b) // without it the files are read again
	}
	return out
}

// relative are flags without the place of the module cache.
func (p listed) relative(flags []string) []string {
	out := make([]string, len(flags))
	for i, f := range flags {
		out[i] = strings.ReplaceAll(f, p.root(), "${ROOT}")
	}
	return out
}
