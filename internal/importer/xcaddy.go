package importer

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/graft-build/graft/internal/draft"
	"github.com/graft-build/graft/target"
)

const caddy = "github.com/caddyserver/caddy/v2"

// caddyMain is a main package for Caddys whose go.mod has to say something.
const caddyMain = `// Command caddy is Caddy with the plugins of graft.yaml.
package main

import (
	caddycmd "` + caddy + `/cmd"

	_ "` + caddy + `/modules/standard"
)

func main() { caddycmd.Main() }
`

// xcaddyLine is an xcaddy command line that was taken apart.
type xcaddyLine struct {
	places   Places
	env      map[string]string
	version  string
	with     []string
	replace  []string
	embed    []string
	output   string
	project  Project
	uses     []use
	replaces []string // lines of go.mod
}

// Xcaddy reads an xcaddy command line, with variables such as GOOS=linux before it.
func Xcaddy(args []string, places Places) (*Project, error) {
	x := &xcaddyLine{places: places, env: map[string]string{}, project: Project{Kind: "xcaddy"}}
	if err := x.parse(args); err != nil {
		return nil, &Error{File: "xcaddy", Text: err.Error()}
	}
	if err := x.dependencies(); err != nil {
		return nil, &Error{File: "xcaddy", Text: err.Error()}
	}
	if err := x.write(); err != nil {
		return nil, &Error{File: "xcaddy", Text: err.Error()}
	}
	return x.project.checked("xcaddy")
}

func (x *xcaddyLine) parse(args []string) error {
	for len(args) > 0 && (args[0] == "env" || strings.Contains(args[0], "=")) {
		if name, value, ok := strings.Cut(args[0], "="); ok {
			x.env[name] = value
		}
		args = args[1:]
	}
	if len(args) < 2 || strings.TrimSuffix(filepath.Base(args[0]), ".exe") != "xcaddy" || args[1] != "build" {
		return fmt.Errorf("want a command line xcaddy build [VERSION] [--with MODULE]…")
	}
	x.version = x.env["CADDY_VERSION"]
	flags := map[string]*[]string{"--with": &x.with, "--replace": &x.replace, "--embed": &x.embed}
	named := false
	for args = args[2:]; len(args) > 0; args = args[1:] {
		flag, value, ok := strings.Cut(args[0], "=")
		if !strings.HasPrefix(flag, "-") {
			if named {
				return fmt.Errorf("two versions of Caddy: %s and %s", x.version, args[0])
			}
			x.version, named = args[0], true
			continue
		}
		list := flags[flag]
		if list == nil && flag != "--output" {
			return fmt.Errorf("unknown flag %s", flag)
		}
		if !ok {
			if len(args) < 2 {
				return fmt.Errorf("flag %s has no value", flag)
			}
			value, args = args[1], args[1:]
		}
		if list == nil {
			x.output = value
		} else {
			*list = append(*list, value)
		}
	}
	return nil
}

func (x *xcaddyLine) note(format string, args ...any) {
	x.project.Notes = append(x.project.Notes, Note{Text: fmt.Sprintf(format, args...)})
}

// dependencies reads --with MODULE[@VERSION][=REPLACEMENT] and --replace.
func (x *xcaddyLine) dependencies() error {
	for _, arg := range x.with {
		path, version, replacement := splitDependency(arg)
		path = strings.TrimSuffix(path, "/")
		ref, err := packageAt(path, version)
		if err != nil {
			return fmt.Errorf("--with %s: %w", arg, err)
		}
		if isFolder(replacement) {
			x.uses = append(x.uses, use{module: x.places.Place(replacement)})
			continue
		}
		x.uses = append(x.uses, use{module: ref})
		if replacement != "" {
			if err := x.replaceLine(path, version, replacement); err != nil {
				return fmt.Errorf("--with %s: %w", arg, err)
			}
		}
	}
	for _, arg := range x.replace {
		path, version, replacement := splitDependency(arg)
		if replacement == "" {
			return fmt.Errorf("--replace %s: want MODULE=REPLACEMENT", arg)
		}
		if err := x.replaceLine(path, version, replacement); err != nil {
			return fmt.Errorf("--replace %s: %w", arg, err)
		}
	}
	return nil
}

func splitDependency(arg string) (path, version, replacement string) {
	path, replacement, _ = strings.Cut(arg, "=")
	if i := strings.LastIndex(path, "@"); i >= 0 {
		path, version = path[:i], path[i+1:]
	}
	return path, version, replacement
}

// replaceLine is a replace line of a go.mod beside the manifest.
func (x *xcaddyLine) replaceLine(path, version, replacement string) error {
	if err := module.CheckPath(path); err != nil {
		return err
	}
	if isFolder(replacement) {
		dir := x.places.Place(replacement)
		x.replaces = append(x.replaces, fmt.Sprintf("replace %s => %s", path, modfile.AutoQuote(dir)))
		return nil
	}
	mod, ver, _ := strings.Cut(replacement, "@")
	if err := module.Check(mod, ver); err != nil {
		return fmt.Errorf("replacement %s: want a folder, or a module with an exact version: %w", replacement, err)
	}
	x.replaces = append(x.replaces, fmt.Sprintf("replace %s => %s %s", path, mod, ver))
	return nil
}

// carried are variables whose values the manifest has.
var carried = []string{"GOOS", "GOARCH", "GOARM", "CADDY_VERSION", "XCADDY_DEBUG"}

func (x *xcaddyLine) write() error {
	app, err := packageAt(caddy+"/cmd/caddy", x.version)
	if err != nil {
		return fmt.Errorf("version of Caddy: %w", err)
	}
	if len(x.replaces) > 0 {
		v := x.version
		if module.CanonicalVersion(v) != v || v == "" {
			return fmt.Errorf("replacements need an exact version of Caddy, such as v2.8.4")
		}
		gomod := "module caddy\n\ngo 1.24\n\nrequire " + caddy + " " + v + "\n\n" + strings.Join(x.replaces, "\n") + "\n"
		x.project.Files = append(x.project.Files, File{"main.go", []byte(caddyMain)}, File{"go.mod", []byte(gomod)})
		app = "."
	}
	var b strings.Builder
	b.WriteString("# Caddy with plugins, which register themselves when they are imported.\nname: " + draft.Scalar(x.name()) + "\n")
	if v := strings.TrimPrefix(x.version, "v"); app == "." {
		b.WriteString("version: " + draft.Scalar(v) + "\n")
	}
	b.WriteString("app: " + draft.Scalar(app) + "\n")
	if len(x.uses) > 0 {
		b.WriteString("plugins:\n  use:\n")
	}
	for _, u := range x.uses {
		b.WriteString(u.yaml())
	}
	t, err := x.target()
	if err != nil {
		return err
	}
	if t != "" {
		b.WriteString("targets: [" + t + "]\n")
	}
	if x.env["XCADDY_DEBUG"] == "1" {
		b.WriteString("build:\n  debug: true\n")
	}
	for _, dir := range x.embed {
		x.note("--embed %s is not carried: files cannot be put into the program", dir)
	}
	names := make([]string, 0, len(x.env))
	for name := range x.env {
		if !slices.Contains(carried, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		x.note("%s=%s is not carried", name, x.env[name])
	}
	x.project.Files = append(x.project.Files, File{"graft.yaml", []byte(b.String())})
	return nil
}

// name is what the program is called: as --output says.
func (x *xcaddyLine) name() string {
	if x.output == "" {
		return "caddy"
	}
	x.note("--output %s is not carried: artifacts are written to dist/", x.output)
	if name := programName(strings.TrimSuffix(filepath.Base(filepath.ToSlash(x.output)), ".exe")); name != "" {
		return name
	}
	return "caddy"
}

// target is that of GOOS, GOARCH and GOARM.
func (x *xcaddyLine) target() (string, error) {
	goos, goarch := x.env["GOOS"], x.env["GOARCH"]
	if goos == "" && goarch == "" {
		return "", nil
	}
	if goos == "" {
		goos = "linux"
		x.note("GOARCH without GOOS is taken for linux")
	}
	if goarch == "" {
		goarch = "amd64"
		x.note("GOOS without GOARCH is taken for amd64")
	}
	name := goos + "/" + goarch
	if arm := x.env["GOARM"]; goarch == "arm" && arm != "" {
		name += "/v" + arm
	}
	t, err := target.Parse(name)
	if err != nil {
		return "", err
	}
	return t.Name, nil
}
