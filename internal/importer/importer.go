// Package importer turns what other builders are told into a project of graft: the manifest
// of the OpenTelemetry collector's builder (ocb), an xcaddy command line and CoreDNS's
// plugin.cfg. It is pure: text in, files and notes out. Versions that only the network knows
// are written as @latest, for the caller to look up.
package importer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/draft"
	"github.com/graft-build/graft/manifest"
)

// Project is what a folder has to hold.
type Project struct {
	Kind  string // "ocb", "xcaddy", "plugin.cfg"
	Files []File // graft.yaml last
	Notes []Note // by line
}

// File is a file of the project.
type File struct {
	Name string // without a folder
	Data []byte
}

// Note is something that graft has no counterpart of, or that a person should know.
type Note struct {
	Line int // of the text, from 1; 0 for the whole, or a command line
	Text string
}

// Places are the folders that relative paths have to do with, absolute.
type Places struct {
	From string // where the other builder runs
	To   string // where graft.yaml will be
}

// Error is a text that can't be read, with its place.
type Error struct {
	File string
	Line int // 0 for a command line
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Detect says which kind a file is of: "ocb" or "plugin.cfg", "" for none.
func Detect(text []byte) string {
	switch {
	case sections.Match(text):
		return "ocb"
	case entryLine.Match(text):
		return "plugin.cfg"
	}
	return ""
}

var sections = regexp.MustCompile(`(?m)^(dist|receivers|exporters|processors|extensions|connectors|providers):\s*(#.*)?$`)

// Place is a folder, relative to where the other builder runs, as graft.yaml has it.
func (p Places) Place(dir string) string {
	if filepath.IsAbs(dir) {
		return filepath.ToSlash(filepath.Clean(dir))
	}
	abs := filepath.Join(p.From, filepath.FromSlash(dir))
	rel, err := filepath.Rel(p.To, abs)
	if err != nil {
		return filepath.ToSlash(abs)
	}
	if rel = filepath.ToSlash(rel); rel != "." && rel != ".." && !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return rel
}

// isFolder says whether a replacement is a folder, as the go command decides it.
func isFolder(s string) bool {
	return s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || filepath.IsAbs(s)
}

// packageAt is package@version, checked; without a version it is the newest.
func packageAt(path, version string) (string, error) {
	if err := module.CheckImportPath(path); err != nil {
		return "", err
	}
	if version == "" {
		version = "latest"
	}
	if !queryForm.MatchString(version) {
		return "", fmt.Errorf("%q is no version", version)
	}
	return path + "@" + version, nil
}

var queryForm = regexp.MustCompile(`^[A-Za-z0-9._+/-]{1,200}$`)

// checked returns the project when graft and Go will read its files.
func (p *Project) checked(name string) (*Project, error) {
	for _, f := range p.Files {
		var err error
		switch f.Name {
		case manifest.FileName:
			_, err = manifest.Parse(f.Name, bytes.NewReader(f.Data))
		case "go.mod":
			_, err = modfile.Parse(f.Name, f.Data, nil)
		}
		if err != nil {
			return nil, &Error{File: name, Text: "it says what graft can't say: " + err.Error()}
		}
	}
	return p, nil
}

// use is one line of plugins.use.
type use struct {
	module, alias string
	options       [][2]string // values are text
}

func (u use) yaml() string {
	if u.alias == "" && len(u.options) == 0 {
		return "    - " + draft.Scalar(u.module) + "\n"
	}
	s := "    - {module: " + flowScalar(u.module)
	if u.alias != "" {
		s += ", alias: " + flowScalar(u.alias)
	}
	if len(u.options) > 0 {
		var list []string
		for _, o := range u.options {
			list = append(list, flowScalar(o[0])+": "+flowScalar(o[1]))
		}
		s += ", options: {" + strings.Join(list, ", ") + "}"
	}
	return s + "}\n"
}

// flowScalar is text as YAML between brackets.
func flowScalar(s string) string {
	if strings.ContainsAny(s, ",[]{}") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return draft.Scalar(s)
}

// programName is a name that a program can have, made of another builder's.
func programName(s string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '.', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s), "-.+")
	if manifest.CheckName(name) != nil {
		return ""
	}
	return name
}
