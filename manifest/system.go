package manifest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Install is a file, or a folder of them, that packages of a system install. What is below
// /etc is configuration: upgrades keep what an administrator changed.
type Install struct {
	Source      string `yaml:"source"`      // relative to the manifest's folder
	Destination string `yaml:"destination"` // absolute; of a folder, the folder
	Mode        string `yaml:"mode"`        // octal, "0640"; default 0755 for executables, else 0644
}

// Service is a systemd service that runs the program.
type Service struct {
	Description string            `yaml:"description"`
	Args        []string          `yaml:"args"`
	Env         map[string]string `yaml:"env"`
	User        string            `yaml:"user"`  // default: one of its own, _NAME
	State       bool              `yaml:"state"` // it has the folder /var/lib/NAME to write to
	Unit        string            `yaml:"unit"`  // file with the whole unit, instead of the keys above except user and state
}

// Shells that completions can be for.
var Shells = []string{"bash", "fish", "zsh"}

var (
	modeForm    = regexp.MustCompile(`^0?[0-7]{3}$`)
	serviceForm = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.+-]*$`)
	accountForm = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,30}$`)
	envForm     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	manForm     = regexp.MustCompile(`\.[1-9]$`)
)

// checkSystem checks what packages of a system are made of.
func (d *document) checkSystem(m *Manifest) error {
	for i, f := range m.Files {
		at := fmt.Sprintf("$.files[%d]", i)
		if f.Source == "" || !oneLine.MatchString(f.Source) {
			return d.errorAt(at, "file %d: want source: a file or folder beside the manifest", i+1)
		}
		if !path.IsAbs(f.Destination) || path.Clean(f.Destination) != f.Destination || strings.ContainsAny(f.Destination, "\\*?[]{}") || !oneLine.MatchString(f.Destination) {
			return d.errorAt(at+".destination", "destination %q: want an absolute path without .., *, ? and the like, such as /etc/default/%s", f.Destination, path.Base(f.Source))
		}
		if f.Mode != "" && !modeForm.MatchString(f.Mode) {
			return d.errorAt(at+".mode", "mode %q: want three octal digits, such as 0640", f.Mode)
		}
	}
	for _, name := range sortedKeys(m.Services) {
		if err := d.checkService("$.services.'"+name+"'", name, m.Services[name]); err != nil {
			return err
		}
	}
	if m.Man != "" && (!manForm.MatchString(m.Man) || !oneLine.MatchString(m.Man)) {
		return d.errorAt("$.man", "man %q: want a file whose name ends with the section, such as docs/server.8", m.Man)
	}
	for _, shell := range sortedKeys(m.Completions) {
		if !contains(Shells, shell) {
			return d.errorAt("$.completions."+shell, "unknown shell %q: want one of %s", shell, strings.Join(Shells, ", "))
		}
		if file := m.Completions[shell]; file == "" || !oneLine.MatchString(file) {
			return d.errorAt("$.completions."+shell, "completions for %s: want a file", shell)
		}
	}
	return nil
}

func (d *document) checkService(at, name string, s Service) error {
	if !serviceForm.MatchString(name) || len(name) > 200 {
		return d.errorAt(at, "service %q: want lower-case letters, digits and _ . + -", name)
	}
	if s.User != "" && !accountForm.MatchString(s.User) {
		return d.errorAt(at+".user", "user %q: want at most 31 lower-case letters, digits, - and _, a letter or _ first", s.User)
	}
	if !oneLine.MatchString(s.Description) || !oneLine.MatchString(s.Unit) {
		return d.errorAt(at, "service %s: want one line without control characters", name)
	}
	for i, a := range s.Args {
		if !oneLine.MatchString(a) {
			return d.errorAt(fmt.Sprintf("%s.args[%d]", at, i), "argument %q: want one line without control characters", a)
		}
	}
	for _, key := range sortedKeys(s.Env) {
		if !envForm.MatchString(key) || !oneLine.MatchString(s.Env[key]) {
			return d.errorAt(at+".env", "environment %q: want a name of letters, digits and _, and a value on one line", key)
		}
	}
	return nil
}

// systemLiterals is literals for what packages of a system are made of.
func (d *document) systemLiterals(m *Manifest) {
	for i := range m.Files {
		d.literal(fmt.Sprintf("$.files[%d].mode", i), &m.Files[i].Mode)
	}
	for name, v := range m.Services {
		for i := range v.Args {
			d.literal(fmt.Sprintf("$.services.'%s'.args[%d]", name, i), &v.Args[i])
		}
		for key, value := range v.Env {
			d.literal("$.services.'"+name+"'.env.'"+key+"'", &value)
			v.Env[key] = value
		}
	}
}
