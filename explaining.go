package graft

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/detect"
	"github.com/graft-build/graft/internal/pack"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// place gives the error for a package that the manifest names, and no archive has, its place
// in the manifest, and that for any other need the repository and the target.
func (s *session) place(t target.Target, err error) error {
	var missing *resolve.MissingError
	if !errors.As(err, &missing) {
		return err
	}
	dist := distributionName(t.Repo)
	own := s.manifest.Packages[dist]
	for _, n := range missing.Needs {
		if n.Kind != resolve.NamePackage {
			continue
		}
		text := fmt.Sprintf("%s has no package %s for %s", s.repoOf(t), n.Name, t.Name)
		if len(n.Similar) > 0 {
			text += "; close to it: " + strings.ReplaceAll(strings.Join(n.Similar, ", "), string(resolve.NamePackage)+":", "")
		}
		for _, key := range []struct {
			name string
			list []string
		}{{"build", own.Build}, {"run", own.Run}} {
			if i := slices.Index(key.list, n.Name); i >= 0 {
				return s.manifest.ErrorAt(fmt.Sprintf("$.packages.%s.%s[%d]", dist, key.name, i), "%s", text)
			}
		}
		for _, need := range slices.Sorted(mapKeys(own.Choose)) {
			if own.Choose[need] == n.Name {
				return s.manifest.ErrorAt(fmt.Sprintf("$.packages.%s.choose", dist), "%s: %s", need, text)
			}
		}
	}
	missing.In = s.repoOf(t) + " for " + t.Name
	return err
}

// checkMirrors tells of mirrors that are folders which do not exist: they would be passed over.
func (s *session) checkMirrors() {
	warn := func(err error) {
		text := err.Error()
		var at *manifest.Error
		if errors.As(err, &at) {
			text = fmt.Sprintf("%s:%d:%d: %s", at.File, at.Line, at.Col, at.Text)
		}
		s.cfg.Events.Send(event.Warning{Text: text})
	}
	for _, name := range []string{"GRAFT_MIRROR_DEBIAN", "GRAFT_MIRROR_DEBIAN_SECURITY", "GRAFT_MIRROR_MSYS2"} {
		for _, base := range strings.Fields(getenv(s.cfg.Env, name)) {
			if dir, gone := absentFolder(base); gone {
				warn(fmt.Errorf("%s: there is no folder %s; it is passed over", name, dir))
			}
		}
	}
	for _, dist := range manifest.Distributions {
		r := s.manifest.Repositories[dist]
		for _, key := range []struct {
			name  string
			bases []string
		}{{"mirrors", r.Mirrors}, {"security", r.Security}} {
			for i, base := range key.bases {
				if dir, gone := absentFolder(base); gone {
					warn(s.manifest.ErrorAt(fmt.Sprintf("$.repositories.%s.%s[%d]", dist, key.name, i), "%s: there is no folder %s; it is passed over", key.name, dir))
				}
			}
		}
	}
}

// absentFolder is the folder of a file address, when it is not there.
func absentFolder(base string) (dir string, gone bool) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", false
	}
	dir = filepath.FromSlash(u.Path)
	return dir, !isDir(dir)
}

// warnLicences names what is shipped without a file that says how it may be. Folders of the
// user's are left out: they are his to license.
func (s *session) warnLicences(in pack.In) error {
	missing, err := in.WithoutLicence()
	if err != nil || len(missing) == 0 {
		return err
	}
	s.cfg.Events.Send(event.Warning{Target: in.Target.Name, Text: "no licence file in " + strings.Join(missing, ", ") + "; look whether you may pass it on"})
	return nil
}

// undefinedSymbol is what LLD says of a C symbol that no library has.
var undefinedSymbol = regexp.MustCompile(`undefined symbol: (?:__imp_)?([A-Za-z_][A-Za-z0-9_]*)`)

// duplicateSymbol is what LLD, for ELF and for PE, says of a C symbol that two objects define.
var duplicateSymbol = regexp.MustCompile(`(?m)^.*duplicate symbol: ([A-Za-z_][A-Za-z0-9_]*)\b.*$`)

// explainDuplicates says which packages and plugins define a C symbol twice: the linker names
// objects that nobody knows. C has one space of names for the whole program.
func (s *session) explainDuplicates(err error, found detect.Result) error {
	var e *compile.Error
	if !errors.As(err, &e) {
		return err
	}
	for i, f := range e.Failures {
		seen := map[string]bool{}
		for _, m := range duplicateSymbol.FindAllStringSubmatch(f.Output, 10) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			e.Failures[i].Output += s.definitions(found, m[1])
		}
	}
	return err
}

func (s *session) definitions(found detect.Result, symbol string) string {
	defs := detect.Definers(found, symbol)
	if len(defs) < 2 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the C symbol %s is defined by several packages, and a program can have it once:\n", symbol)
	for _, d := range defs {
		fmt.Fprintf(&b, "  %s:%d: package %s", s.plan.show(d.File), d.Line, d.Package.ImportPath)
		if d.Package.Plugin != "" {
			fmt.Fprintf(&b, " of plugin %s", d.Package.Plugin)
		}
		b.WriteByte('\n')
	}
	b.WriteString("declare it static, or give it another name, in one of them\n")
	return b.String()
}

// blame names the package that uses a C symbol which the linker does not find: the linker
// itself knows only the program.
func blame(err error, found detect.Result) error {
	var e *compile.Error
	if !errors.As(err, &e) {
		return err
	}
	for i, f := range e.Failures {
		m := undefinedSymbol.FindStringSubmatch(f.Output)
		if m == nil || f.Plugin != "" {
			continue
		}
		if p, ok := detect.User(found, m[1]); ok {
			e.Failures[i].Package, e.Failures[i].Plugin = p.ImportPath, p.Plugin
		}
	}
	return err
}
