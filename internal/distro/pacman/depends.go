package pacman

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/resolve"
)

// Depends returns what p needs of other packages.
//
// Packages of MSYS2 declare what their programs and scripts need too: cairo needs glib2, and
// glib2 declares Python for its build tools. Therefore p is looked into (it is fetched for
// that, and the result kept), and a package of its declared closure counts only when a file
// of it is used: a DLL that p's DLLs or import libraries import, a module that p's .pc files
// require, a library that they link, a header that p's headers include. The first three
// answers are exact; a header may be included under a condition. What is dropped is listed by
// LeftOut. Nothing is added to what p declares, directly or through others.
//
// A package with nothing to build or run with stands for what it declares. So does every
// package when the repository has no file lists.
func (r *Repository) Depends(ctx context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	i, err := r.number(p)
	if err != nil {
		return nil, err
	}
	if !r.narrows(i) {
		return r.declared(i), nil
	}
	n, err := r.narrow(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("find what %s needs: %w", p.Name, err)
	}
	return n.needed, r.prefetch(ctx, n.numbers)
}

// LeftOut is a declared dependency that is not followed.
type LeftOut struct {
	Dependency string // as the package states it
	Package    string // that would meet it; "" when it is in another repository
	Reason     string
}

// LeftOut returns the declared dependencies of p that Depends drops, in the stated order.
func (r *Repository) LeftOut(ctx context.Context, p resolve.Package) ([]LeftOut, error) {
	i, err := r.number(p)
	if err != nil || !r.narrows(i) {
		return nil, err
	}
	n, err := r.narrow(ctx, i)
	return n.left, err
}

func (r *Repository) narrows(i int) bool {
	return r.files != nil && !r.cfg.Declared && r.files.traits[i]&(isDevelop|isLibrary) != 0
}

// declared returns what a package states, each with all that meet it.
func (r *Repository) declared(i int) []resolve.Dependency {
	p := r.packages[i]
	out := make([]resolve.Dependency, len(p.Depends))
	for k, d := range p.Depends {
		out[k].Text = d.String()
		for _, c := range r.satisfiers(d) {
			out[k].Candidates = append(out[k].Candidates, r.pkg(c))
		}
	}
	return out
}

// narrowed is what remains of a package's dependencies.
type narrowed struct {
	needed  []resolve.Dependency
	numbers []int // the packages that meet them
	left    []LeftOut
}

func (r *Repository) narrow(ctx context.Context, i int) (narrowed, error) {
	f, err := r.facts(ctx, i)
	if err != nil {
		return narrowed{}, err
	}
	reach := r.reach(i)
	used := make(map[int]string) // why, by package
	for _, w := range f.wants() {
		owners := r.owners(w)
		if slices.Contains(owners, i) {
			continue
		}
		for _, c := range reach {
			if slices.Contains(owners, c) {
				if used[c] == "" {
					used[c] = w.String()
				}
				break
			}
		}
	}
	var out narrowed
	direct := make(map[int]bool)
	for k, d := range r.declared(i) {
		if len(d.Candidates) == 0 {
			if name := r.packages[i].Depends[k].Name; strings.HasPrefix(name, r.cfg.Environment.Prefix) {
				out.needed = append(out.needed, d) // the archive is broken: the caller says so
			} else {
				out.left = append(out.left, LeftOut{Dependency: d.Text, Reason: foreign})
			}
			continue
		}
		c := r.byName[d.Candidates[0].Name]
		direct[c] = true
		if _, ok := used[c]; ok {
			out.needed = append(out.needed, d)
			out.numbers = append(out.numbers, c)
			continue
		}
		out.left = append(out.left, LeftOut{
			Dependency: r.packages[i].Depends[k].String(), Package: d.Candidates[0].Name, Reason: r.reason(i, c),
		})
	}
	var through []int
	for c := range used {
		if !direct[c] {
			through = append(through, c)
		}
	}
	slices.Sort(through)
	for _, c := range through {
		out.needed = append(out.needed, resolve.Dependency{Text: r.packages[c].Name, Candidates: []resolve.Package{r.pkg(c)}})
		out.numbers = append(out.numbers, c)
	}
	return out, nil
}

// foreign is why a dependency that nothing here meets may be dropped: the environments' tools
// need some of MSYS2's own (winpty, git, intltool), which are in a repository apart.
const foreign = "it is a tool of MSYS2's own, outside of the environment"

func (r *Repository) reason(i, dropped int) string {
	if r.files.traits[dropped]&isSystem != 0 {
		return "zig brings what it has"
	}
	return fmt.Sprintf("no DLL, .pc file, library or header of %s uses it", r.short(i))
}

// reach lists the packages that a package's declared dependencies lead to, nearest first,
// itself and those of the C runtime left out.
func (r *Repository) reach(start int) []int {
	seen := map[int]bool{start: true}
	queue := []int{start}
	var out []int
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, d := range r.packages[i].Depends {
			list := r.satisfiers(d)
			if len(list) == 0 || seen[list[0]] {
				continue
			}
			seen[list[0]] = true
			queue = append(queue, list[0])
			if r.files.traits[list[0]]&isSystem == 0 {
				out = append(out, list[0])
			}
		}
	}
	return out
}

// owners returns the packages that have what is wanted.
func (r *Repository) owners(w want) []int {
	var out []int
	switch w.kind {
	case wantDLL:
		out = numbers(r.files.dlls[strings.ToLower(w.name)])
	case wantModule:
		out = numbers(r.files.modules[w.name])
	case wantLibrary:
		for _, name := range libraryFiles(w.name) {
			out = append(out, numbers(r.files.libs[name])...)
		}
	case wantHeader:
		out = r.files.withHeader(w.name)
	}
	return out
}

func numbers(list []located) []int {
	out := make([]int, len(list))
	for i, at := range list {
		out[i] = at.pkg
	}
	return out
}

// prefetch brings packages that will be looked into next, all at once.
func (r *Repository) prefetch(ctx context.Context, list []int) error {
	var packages []resolve.Package
	for _, i := range list {
		if r.narrows(i) && !r.remembers(i) {
			packages = append(packages, r.pkg(i))
		}
	}
	if len(packages) == 0 {
		return nil
	}
	return r.Fetch(ctx, packages...)
}
