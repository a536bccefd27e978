package graft

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/graft-build/graft/internal/run"
)

// requiring is the shortest way of requirements from the main module to a module.
func (s *session) requiring(ctx context.Context, path string) ([][]ModuleNeeds, error) {
	var flags []string
	for _, f := range s.comp.Flags {
		if strings.HasPrefix(f, "-modfile=") {
			flags = append(flags, f)
		}
	}
	env := slices.Concat(s.goes.Env, s.comp.Env)
	if s.cfg.Offline {
		env = append(env, "GOPROXY=off", "GOSUMDB=off")
	}
	out, err := run.Output(ctx, run.Cmd{Argv: append([]string{s.goes.Exe, "mod", "graph"}, flags...), Env: env, Dir: s.comp.Dir, Events: s.cfg.Events})
	if err != nil {
		return nil, fmt.Errorf("list requirements of modules: %w", err)
	}
	requires := map[string][]string{}
	start := ""
	for line := range bytes.Lines(out) {
		from, to, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		if !ok {
			continue
		}
		if start == "" {
			start = from
		}
		requires[from] = append(requires[from], to)
	}
	before := map[string]string{start: ""}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if name, _, _ := strings.Cut(at, "@"); name == path && at != start {
			var chain []ModuleNeeds
			for ; before[at] != ""; at = before[at] {
				chain = append(chain, ModuleNeeds{Module: before[at], Requires: at})
			}
			slices.Reverse(chain)
			return [][]ModuleNeeds{chain}, nil
		}
		for _, next := range requires[at] {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil, nil
}
