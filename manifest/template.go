package manifest

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"text/template"
)

// TemplateFuncs are the functions that register statements and templates of files have beside
// those of text/template:
//
//	go VALUE                 the value as Go source: "a\"b", 3, []string{"a"}, map[string]any{…}
//	quote TEXT               a Go string literal
//	base PATH                the last element of an import path, without a major version's
//	where PLUGINS KEY VALUE  the plugins whose option has the value, in their order
//
// where is given by whoever knows what plugins are; here it answers nothing.
func TemplateFuncs() template.FuncMap {
	return template.FuncMap{
		"go":    GoLiteral,
		"quote": strconv.Quote,
		"base":  baseName,
		"where": func(any, string, any) any { return nil },
	}
}

// baseName is the last element of an import path that is no major version.
func baseName(p string) string {
	b := path.Base(p)
	if n, err := strconv.Atoi(strings.TrimPrefix(b, "v")); err == nil && n > 1 && b == "v"+strconv.Itoa(n) && strings.Contains(p, "/") {
		return path.Base(path.Dir(p))
	}
	return b
}

// GoLiteral is a value of a manifest as Go source. A list of texts is a []string, of whole
// numbers an []int, any other an []any; a mapping is a map[string]any.
func GoLiteral(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "nil", nil
	case string:
		return strconv.Quote(v), nil
	case bool, int, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if checkOption(v) != nil {
			return "", fmt.Errorf("%s is no number that can be written in Go", s)
		}
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s, nil
	case []any:
		return listLiteral(v)
	case map[string]any:
		var b strings.Builder
		b.WriteString("map[string]any{")
		for i, key := range sortedKeys(v) {
			text, err := GoLiteral(v[key])
			if err != nil {
				return "", err
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(strconv.Quote(key) + ": " + text)
		}
		return b.String() + "}", nil
	}
	return "", fmt.Errorf("a %T cannot be written as Go", v)
}

func listLiteral(list []any) (string, error) {
	parts := make([]string, len(list))
	texts, numbers := len(list) > 0, len(list) > 0
	for i, e := range list {
		var err error
		if parts[i], err = GoLiteral(e); err != nil {
			return "", err
		}
		_, text := e.(string)
		_, signed := e.(int64)
		_, unsigned := e.(uint64)
		texts, numbers = texts && text, numbers && (signed || unsigned)
	}
	kind := "[]any"
	switch {
	case texts:
		kind = "[]string"
	case numbers:
		kind = "[]int"
	}
	return kind + "{" + strings.Join(parts, ", ") + "}", nil
}
