package pc

import "strings"

// ParseDeps reads a list of dependencies: "a, b >= 1.2 c". Commas and spaces both separate.
// An operator that is none counts as no restriction.
func ParseDeps(v string) []Dep {
	var out []Dep
	for {
		v = strings.TrimLeft(v, space+",")
		if v == "" {
			return out
		}
		var d Dep
		d.Name, v = cut(v, func(c byte) bool { return isSep(c) || isOp(c) })
		rest := strings.TrimLeft(v, space)
		if rest != "" && isOp(rest[0]) {
			var op string
			op, rest = cut(rest, func(c byte) bool { return !isOp(c) })
			rest = strings.TrimLeft(rest, space)
			d.Version, v = cut(rest, isSep)
			d.Op = parseOp(op)
			if d.Op == Any {
				d.Version = ""
			}
		}
		if d.Name != "" {
			out = append(out, d)
		}
	}
}

func parseOp(s string) Op {
	switch op := Op(s); op {
	case Less, LessEqual, Equal, NotEqual, Greater, GreaterEqual:
		return op
	}
	return Any
}

// cut divides s before the first byte that stop accepts.
func cut(s string, stop func(byte) bool) (head, tail string) {
	for i := 0; i < len(s); i++ {
		if stop(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isSep(c byte) bool { return c == ',' || strings.IndexByte(space, c) >= 0 }

func isOp(c byte) bool { return c == '<' || c == '>' || c == '=' || c == '!' }
