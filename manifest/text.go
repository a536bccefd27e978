package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// kindName says in a user's words what a Go type is in YAML.
func kindName(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["), strings.HasPrefix(goType, "manifest."):
		return "a mapping (key: value)"
	case goType == "int":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "text"
	}
	return goType
}

// nodeName says in a user's words what a YAML node is.
func nodeName(n ast.NodeType) string {
	switch n {
	case ast.SequenceType:
		return "a list"
	case ast.MappingType, ast.MappingValueType:
		return "a mapping (key: value)"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	}
	return strings.ToLower(n.YAMLName())
}

// excerpt shows the line of a token, the one before it and a marker below it.
func excerpt(tk *token.Token) string {
	first := tk
	for first.Prev != nil {
		first = first.Prev
	}
	var text strings.Builder
	for t := first; t != nil; t = t.Next {
		text.WriteString(t.Origin)
	}
	lines := strings.Split(text.String(), "\n")
	at := tk.Position.Line
	var b strings.Builder
	for n := max(1, at-1); n <= at && n <= len(lines); n++ {
		fmt.Fprintf(&b, "%5d | %s\n", n, strings.TrimRight(lines[n-1], "\r"))
	}
	fmt.Fprintf(&b, "      | %s^", strings.Repeat(" ", max(0, tk.Position.Column-1)))
	return b.String()
}

// closest proposes the known key that an unknown one looks like.
func closest(tk *token.Token) string {
	if tk == nil {
		return ""
	}
	best, most := "", 0
	for _, k := range keys(reflect.TypeOf(Manifest{}), nil) {
		if n := common(k, tk.Value); n > most {
			best, most = k, n
		}
	}
	if most < 3 || 2*most < len(tk.Value) {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// common is the length of the longest common prefix plus that of the longest common suffix.
func common(a, b string) int {
	n := min(len(a), len(b))
	i, j := 0, 0
	for i < n && a[i] == b[i] {
		i++
	}
	for j < n-i && a[len(a)-1-j] == b[len(b)-1-j] {
		j++
	}
	return i + j
}

// keys lists the YAML keys of a struct type and of those below it.
func keys(t reflect.Type, out []string) []string {
	for t.Kind() == reflect.Map || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return out
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if k := f.Tag.Get("yaml"); k != "" {
			out = append(out, k)
			out = keys(f.Type, out)
		}
	}
	return out
}
