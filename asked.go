package graft

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
)

// decide notes what decides the lock's content, wherever the project in dir lies: in words,
// which a stale lock is explained with, and as their digest.
func (pl *plan) decide(dir string) {
	pl.asked = pl.questions(dir)
	pl.key = digest.NewKey("composition/2").Add("asked", pl.asked...).Digest()
}

// questions are the lines of lock.Lock.Asked: a subject, and after a space what is asked of it.
func (pl *plan) questions(dir string) []string {
	relative := func(ref string) string {
		if !filepath.IsAbs(ref) {
			return ref
		}
		rel, err := filepath.Rel(dir, ref)
		if err != nil {
			return ref
		}
		return filepath.ToSlash(rel)
	}
	out := []string{"application " + relative(pl.app)}
	for _, u := range pl.plugins {
		out = append(out, "plugin "+relative(u.Module))
	}
	for _, tag := range pl.tags {
		out = append(out, "tag "+tag)
	}
	for _, dist := range manifest.Distributions {
		ps := pl.m.Packages[dist]
		for _, name := range ps.Build {
			out = append(out, "packages."+dist+".build "+name)
		}
		for _, name := range ps.Run {
			out = append(out, "packages."+dist+".run "+name)
		}
		for _, need := range slices.Sorted(mapKeys(ps.Choose)) {
			out = append(out, "packages."+dist+".choose "+need+": "+ps.Choose[need])
		}
		if suite := pl.m.Repositories[dist].Suite; suite != "" {
			out = append(out, "repositories."+dist+".suite "+suite)
		}
	}
	return out
}

// askedChanges says how what is asked for differs from what a lock was written for.
func askedChanges(l *lock.Lock, now []string) []string {
	if len(l.Asked) == 0 {
		return []string{"the manifest's application, plugins, tags, packages or suite have changed since it was written"}
	}
	var out []string
	single := func(lines []string, subject string) (value string, ok bool) {
		i := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, subject+" ") })
		if i < 0 {
			return "", false
		}
		return lines[i][len(subject)+1:], true
	}
	for _, line := range now {
		if slices.Contains(l.Asked, line) {
			continue
		}
		subject, value, _ := strings.Cut(line, " ")
		if !repeats(subject) {
			if was, ok := single(l.Asked, subject); ok {
				out = append(out, fmt.Sprintf("%s is %s, the lock has %s", subject, value, was))
				continue
			}
		}
		out = append(out, fmt.Sprintf("%s %s is new", subject, value))
	}
	for _, line := range l.Asked {
		subject, value, _ := strings.Cut(line, " ")
		_, still := single(now, subject)
		if !slices.Contains(now, line) && (repeats(subject) || !still) {
			out = append(out, fmt.Sprintf("%s %s is gone", subject, value))
		}
	}
	if len(out) == 0 {
		out = append(out, "the order of plugins or packages has changed")
	}
	return out
}

// repeats says whether there can be several lines of a subject.
func repeats(subject string) bool {
	return subject != "application" && !strings.HasSuffix(subject, ".suite")
}
