package graft

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/resolve"
)

// missingHeader is what clang says of a header that it does not find.
var missingHeader = regexp.MustCompile(`fatal error: '([^'\n]{1,300})' file not found`)

// maxHeaders bounds the headers that are looked up after a failed compilation.
const maxHeaders = 5

// explainHeaders adds to a compiler's error which packages have the headers that it misses. It
// is the last source of needs: what no scan of the sources can know, a header that another
// header of the system includes, or one under a condition on what that defines.
func (s *session) explainHeaders(ctx context.Context, b *built, err error) error {
	var failed *compile.Error
	if !errors.As(err, &failed) || b.lock.Repo == "" || s.cfg.Offline {
		return err
	}
	var names []string
	for _, f := range failed.Failures {
		for _, m := range missingHeader.FindAllStringSubmatch(f.Output, -1) {
			if !slices.Contains(names, m[1]) && len(names) < maxHeaders {
				names = append(names, m[1])
			}
		}
	}
	if len(names) == 0 {
		return err
	}
	repo, openErr := s.openRepository(ctx, b.lock.Repo, b.target)
	if openErr != nil {
		return err // the compiler's own words stand
	}
	defer repo.Close()
	for i := range failed.Failures {
		f := &failed.Failures[i]
		for _, name := range names {
			if strings.Contains(f.Output, "'"+name+"' file not found") {
				f.Output = strings.TrimRight(f.Output, "\n") + "\n" + whoHas(ctx, repo, name, distributionName(b.lock.Repo))
			}
		}
	}
	return err
}

// whoHas says which packages have a header, and how to name one.
func whoHas(ctx context.Context, repo repository, name, dist string) string {
	n := resolve.Need{Kind: resolve.Header, Name: name}
	found, err := repo.Find(ctx, n)
	if err == nil && len(found) > 0 {
		var packages []string
		for _, c := range found[:min(len(found), 3)] {
			packages = append(packages, c.Name)
		}
		return fmt.Sprintf("%s is in %s: put it into graft.yaml, packages: {%s: {build: [%s]}}", name, strings.Join(packages, ", "), dist, found[0].Name)
	}
	if g, ok := repo.(resolve.Suggester); ok && err == nil {
		if near, err := g.Similar(ctx, n); err == nil && len(near) > 0 {
			return fmt.Sprintf("no package has %s where a compiler looks for it; there is %s, which needs a pkg-config line or -I of the module", name, strings.Join(near, ", "))
		}
	}
	return "no package of the distribution has " + name
}
