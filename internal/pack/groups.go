package pack

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// Layers by rate of change, the slowest first. The rule depends on packages alone, so that
// every image of a suite and processor has the same bytes for what it has in common:
//
//  1. base: accounts, os-release, certificates, time zones
//  2. libc: libc6 and what it depends on
//  3. one layer for each source package of the rest (its packages change together), by
//     name; beyond maxGroups the largest keep theirs and the others share one, "others"
//  4. the program with its plugins

// maxGroups bounds step 3. Docker's overlay2 stops at 128 layers, and each one costs a
// transfer some requests.
const maxGroups = 40

// dataPackages are those of step 1: no code, the same for every processor.
var dataPackages = []string{certificates, "netbase", "tzdata"}

// part is a layer that is not written yet.
type part struct {
	name     string
	packages []Package
	t        *tree
}

// content is what a layer holds, for the image's history.
func (p part) content() string {
	var names []string
	for _, pkg := range p.packages {
		names = append(names, strings.TrimSpace(pkg.Package+" "+pkg.Version))
	}
	return strings.Join(names, ", ")
}

// imageParts lays out an image.
func imageParts(in In) ([]part, error) {
	parts := groups(in.Packages)
	r := &rootfs{all: newTree(), owner: map[string]string{}}
	skeleton(parts[0].t, in)
	maps.Copy(r.all.entries, parts[0].t.entries)
	for _, p := range parts {
		for _, pkg := range p.packages {
			if err := r.add(p.t, pkg); err != nil {
				return nil, err
			}
		}
		for _, d := range mergedFolders {
			if !parts[0].t.has(d) && p.t.below("usr/"+d) {
				p.t.link(d, "usr/"+d)
			}
		}
	}
	if err := r.all.parents(); err != nil {
		return nil, err
	}
	program, err := programTree(in, r.all)
	if err != nil {
		return nil, err
	}
	return append(parts, part{name: in.Meta.Name + " " + in.Meta.Version, t: program}), nil
}

// groups splits packages by the rule above. Base is there even without any.
func groups(packages []Package) []part {
	base, libc := part{name: "base"}, part{name: "libc"}
	basic := closureOf(packages, "libc6")
	bySource := map[string][]Package{}
	for _, p := range slices.SortedFunc(slices.Values(packages), func(a, b Package) int { return strings.Compare(a.Package, b.Package) }) {
		switch {
		case slices.Contains(dataPackages, p.Package):
			base.packages = append(base.packages, p)
		case basic[p.Package]:
			libc.packages = append(libc.packages, p)
		default:
			source := cmp.Or(p.Source, p.Package)
			bySource[source] = append(bySource[source], p)
		}
	}
	parts := []part{base}
	if len(libc.packages) > 0 {
		parts = append(parts, libc)
	}
	parts = append(parts, limited(bySource)...)
	for i := range parts {
		parts[i].t = newTree()
	}
	return parts
}

// limited makes a part of each source package, or of the largest ones.
func limited(bySource map[string][]Package) []part {
	names := slices.Sorted(maps.Keys(bySource))
	own := map[string]bool{}
	if len(names) > maxGroups {
		weight := func(name string) (n int64) {
			for _, p := range bySource[name] {
				n += p.Size
			}
			return n
		}
		largest := slices.Clone(names)
		slices.SortStableFunc(largest, func(a, b string) int { return cmp.Compare(weight(b), weight(a)) })
		for _, name := range largest[:maxGroups-1] {
			own[name] = true
		}
	}
	var parts []part
	others := part{name: "others"}
	for _, name := range names {
		if len(own) == 0 || own[name] {
			parts = append(parts, part{name: name, packages: bySource[name]})
		} else {
			others.packages = append(others.packages, bySource[name]...)
		}
	}
	if len(others.packages) > 0 {
		parts = append(parts, others)
	}
	return parts
}

// closureOf are a package and all that it depends on.
func closureOf(packages []Package, name string) map[string]bool {
	byName := map[string]Package{}
	for _, p := range packages {
		byName[p.Package] = p
	}
	seen := map[string]bool{}
	for next := []string{name}; len(next) > 0; next = next[1:] {
		if p, ok := byName[next[0]]; ok && !seen[next[0]] {
			seen[next[0]] = true
			next = append(next, p.Depends...)
		}
	}
	return seen
}

// programTree is the layer of the application. Root holds everything below it.
func programTree(in In, root *tree) (*tree, error) {
	t := newTree()
	t.file("usr/bin/"+in.Meta.Name, in.Program, 0o755)
	licences, err := in.linkedLicences()
	if err != nil {
		return nil, err
	}
	t.bytes("usr/share/doc/"+in.Meta.Name+"/copyright", copyrightText(in.Meta, licences, false))
	for _, l := range in.Closure.Libraries {
		if l.Listed {
			continue
		}
		// A library in a folder that the loader doesn't search: the package's own scripts
		// would have linked to it (update-alternatives).
		dir := path.Join("usr/lib", in.Target.ABI.Triplet)
		if at := path.Join(dir, l.Name); !root.has(at) {
			t.link(at, relative(dir, merged(strings.TrimPrefix(l.Place, "/"))))
		}
	}
	return t, nil
}
