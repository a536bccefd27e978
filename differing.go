package graft

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/graft-build/graft/lock"
)

// difference is what changed from one lock to the next, for a person.
func difference(old, now *lock.Lock) []string {
	var out []string
	if old == nil {
		old = &lock.Lock{}
	}
	if old.Go != now.Go {
		out = append(out, fmt.Sprintf("go %s → %s", orNone(old.Go), now.Go))
	}
	out = append(out, differ("module ", moduleVersions(old), moduleVersions(now))...)
	out = append(out, changes("", "a target", targetNames(old), targetNames(now))...)
	out = append(out, differ("", packageVersions(old), packageVersions(now))...)
	out = append(out, moduleFilesDiffer(old, now)...)
	if len(out) == 0 {
		was, err := lock.Encode(old)
		is, err2 := lock.Encode(now)
		if err != nil || err2 != nil || !bytes.Equal(was, is) {
			out = append(out, "the composition's description")
		}
	}
	return out
}

func targetNames(l *lock.Lock) (out []string) {
	for _, t := range l.Targets {
		out = append(out, t.Name)
	}
	return out
}

func moduleVersions(l *lock.Lock) map[string]string {
	m := map[string]string{}
	for _, mod := range l.Modules {
		m[mod.Path] = mod.Version + mod.Replace
	}
	return m
}

func packageVersions(l *lock.Lock) map[string]string {
	m := map[string]string{}
	for _, p := range l.Packages {
		m[p.Target+" "+p.Name] = p.Version
	}
	return m
}

func differ(prefix string, old, now map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(mapKeys(now)) {
		if was, ok := old[k]; !ok {
			out = append(out, fmt.Sprintf("%s%s %s added", prefix, k, now[k]))
		} else if was != now[k] {
			out = append(out, fmt.Sprintf("%s%s %s → %s", prefix, k, was, now[k]))
		}
	}
	for _, k := range slices.Sorted(mapKeys(old)) {
		if _, ok := now[k]; !ok {
			out = append(out, fmt.Sprintf("%s%s %s removed", prefix, k, old[k]))
		}
	}
	return out
}

// moduleFilesDiffer counts what changed of the module files; their versions are those of modules.
func moduleFilesDiffer(old, now *lock.Lock) []string {
	if slices.Equal(old.ModuleFiles, now.ModuleFiles) {
		return nil
	}
	if len(old.ModuleFiles) == 0 {
		return []string{fmt.Sprintf("%s recorded", count(len(now.ModuleFiles), "module file"))}
	}
	added, gone := 0, 0
	for _, f := range now.ModuleFiles {
		if !slices.Contains(old.ModuleFiles, f) {
			added++
		}
	}
	for _, f := range old.ModuleFiles {
		if !slices.Contains(now.ModuleFiles, f) {
			gone++
		}
	}
	return []string{fmt.Sprintf("module files: %d added, %d removed", added, gone)}
}
