package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
)

//go:embed page.tmpl
var pageText string

// verdict is what the page says of one program on one target.
type verdict string

const (
	starts   verdict = "**starts**"
	builds   verdict = "builds"
	named    verdict = "by name"
	unserved verdict = "–"
	fails    verdict = "**fails**"
	untried  verdict = "?"
)

// judge turns a result into a verdict and the reason for it.
func judge(p program, target string, r result, tried bool, msys2 map[string]string) (verdict, string) {
	switch {
	case !tried:
		return untried, ""
	case r.State == started:
		return starts, ""
	case r.State == built:
		return builds, r.Error
	case p.limit[target] != "":
		return unserved, p.limit[target]
	case r.Stand && r.State == missing && msys2[p.msys2] != "":
		return named, fmt.Sprintf("MSYS2 has %s %s", p.msys2, msys2[p.msys2])
	}
	return fails, r.Error
}

// page is what the template shows.
type page struct {
	Day     string // of the newest result
	Targets []string
	Rows    []row
	Sums    []sum
	Total   sum
	Lists   []list
}

type row struct {
	Program, Module, Version, Kind string
	Cells                          []verdict
}

// sum counts the verdicts of one target.
type sum struct {
	Target                           string
	All, Served, Built, Started      int
	Unserved, Named, Untried, Failed int
}

// Share is how much of what is served was built, in percent.
func (s sum) Share() string {
	if s.Served == 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", 100*s.Built/s.Served)
}

func (s *sum) add(v verdict) {
	s.All++
	switch v {
	case starts:
		s.Started++
		s.Built++
	case builds:
		s.Built++
	case fails:
		s.Failed++
	case unserved:
		s.Unserved++
	case named:
		s.Named++
	case untried:
		s.Untried++
	}
	s.Served = s.Built + s.Failed
}

// list is the programs and targets of one verdict with their reasons.
type list struct {
	Verdict verdict
	Items   []item
}

type item struct {
	Program string
	Targets string
	Reason  string
}

// writePage writes docs/compatibility.md.
func writePage(root string, kept *results) error {
	p, err := makePage(root, kept)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := template.Must(template.New("").Parse(pageText)).Execute(&b, p); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "compatibility.md"), b.Bytes(), 0o644)
}

func makePage(root string, kept *results) (page, error) {
	msys2, err := msys2Names(root)
	if err != nil {
		return page{}, err
	}
	out := page{Targets: targets, Sums: make([]sum, len(targets)), Total: sum{Target: "all"}}
	reasons := map[verdict][]item{}
	for _, p := range programs {
		r := row{Program: p.name, Kind: p.kind}
		if r.Module, r.Version, err = module(root, p); err != nil {
			return page{}, err
		}
		for i, target := range targets {
			res, tried := kept.get(p.name, target)
			v, why := judge(p, target, res, tried, msys2)
			r.Cells = append(r.Cells, v)
			out.Day = max(out.Day, res.Day)
			out.Sums[i].Target = target
			out.Sums[i].add(v)
			out.Total.add(v)
			if why != "" {
				reasons[v] = append(reasons[v], item{p.name, target, oneLine(why)})
			}
		}
		out.Rows = append(out.Rows, r)
	}
	for _, v := range []verdict{fails, builds, unserved, named} {
		if len(reasons[v]) > 0 {
			out.Lists = append(out.Lists, list{v, merge(reasons[v])})
		}
	}
	return out, nil
}

// module is the module that a program is for: the first that its go.mod requires.
func module(root string, p program) (path, version string, err error) {
	file := filepath.Join(root, "test", "compat", "programs", p.name, "go.mod")
	b, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	m, err := modfile.Parse(file, b, nil)
	if err != nil {
		return "", "", err
	}
	for _, r := range m.Require {
		if !r.Indirect {
			return r.Mod.Path, r.Mod.Version, nil
		}
	}
	return "", "", fmt.Errorf("%s requires nothing", file)
}

// merge makes one item of those that differ in their target alone.
func merge(items []item) []item {
	slices.SortStableFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.Program, b.Program), cmp.Compare(a.Reason, b.Reason))
	})
	var out []item
	for _, i := range items {
		if n := len(out); n > 0 && out[n-1].Program == i.Program && out[n-1].Reason == i.Reason {
			out[n-1].Targets += ", " + i.Targets
			continue
		}
		out = append(out, i)
	}
	return out
}

// places are absolute paths, which are those of one machine.
var places = regexp.MustCompile(`(^|\s)(?:/[^\s/:'"]+){2,}/`)

// oneLine is an error as a line of a list, without the folders of this machine.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "'")), " ")
	s = places.ReplaceAllString(s, "$1…/")
	const most = 200
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + " …"
	}
	return s
}

// Title heads the list.
func (l list) Title() string {
	return map[verdict]string{
		fails: "What graft does not build", builds: "What gives another answer",
		unserved: "What nobody can build there", named: "What the archive has by name",
	}[l.Verdict]
}
