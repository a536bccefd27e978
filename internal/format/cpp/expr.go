package cpp

import (
	"strconv"
	"strings"
)

// condition says whether what stands under an #if is compiled. guard: it is an include guard.
func (u *unit) condition(d directive, guard bool) Certainty {
	name := d.text
	if guard && d.kind == dIf {
		name = strings.Trim(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(name, "!")), "defined"), " \t()")
	}
	switch {
	case guard:
		if m, ok := u.macros[name]; ok {
			return m.is.not()
		}
		return Sure
	case d.kind == dIfdef:
		return u.defined(name)
	case d.kind == dIfndef:
		return u.undefined(name)
	}
	e := &expression{unit: u, text: d.text}
	return e.parse().truth()
}

// defined says how sure a name is defined.
func (u *unit) defined(name string) Certainty {
	if m, ok := u.macros[name]; ok {
		return m.is
	}
	if reserved(name) && (u.config.Absent == nil || !u.config.Absent(name)) {
		return Possible
	}
	return No
}

func (u *unit) undefined(name string) Certainty {
	c := u.defined(name).not()
	if c == Sure && u.outside && !reserved(name) {
		return Likely
	}
	return c
}

// reserved says whether a name belongs to the compiler and its library (C17, 7.1.3).
func reserved(name string) bool {
	return len(name) > 1 && name[0] == '_' && (name[1] == '_' || name[1] >= 'A' && name[1] <= 'Z')
}

// value is what an expression is, as far as it can be told.
type value struct {
	known Certainty // Possible: it is not known
	n     int64
	bare  bool // a name that nothing here defines: false by itself, unknown in a comparison
}

var unknown = value{known: Possible}

func number(n int64) value { return value{known: Sure, n: n} }

func boolean(c Certainty) value {
	switch c {
	case Sure, Likely:
		return value{known: c, n: 1}
	case No:
		return number(0)
	}
	return unknown
}

func (v value) truth() Certainty {
	switch {
	case v.known == Possible:
		return Possible
	case v.n != 0:
		return v.known
	}
	return No
}

// expression is a recursive descent over an #if. What it does not understand is unknown.
type expression struct {
	*unit
	text  string
	depth int
	bad   bool
}

const maxNesting = 64

func (e *expression) parse() value {
	v := e.ternary()
	e.space()
	if e.bad || e.text != "" {
		return unknown
	}
	return v
}

func (e *expression) space() { e.text = strings.TrimLeft(e.text, " \t") }

func (e *expression) take(op string) bool {
	e.space()
	if !strings.HasPrefix(e.text, op) {
		return false
	}
	e.text = e.text[len(op):]
	return true
}

func (e *expression) ternary() value {
	c := e.binary(0)
	if !e.take("?") {
		return c
	}
	e.depth++
	defer func() { e.depth-- }()
	if e.depth > maxNesting {
		e.bad = true
		return unknown
	}
	a := e.ternary()
	if !e.take(":") {
		e.bad = true
		return unknown
	}
	b := e.ternary()
	switch c.truth() {
	case Sure:
		return a
	case No:
		return b
	}
	return unknown
}

// levels of binary operators, the loosest first; longer operators before their beginnings.
var levels = [][]string{
	{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
}

func (e *expression) binary(level int) value {
	if level == len(levels) {
		return e.unary()
	}
	v := e.binary(level + 1)
	for !e.bad {
		op := e.operator(levels[level])
		if op == "" {
			return v
		}
		v = apply(op, v, e.binary(level+1))
	}
	return unknown
}

func (e *expression) operator(ops []string) string {
	e.space()
	for _, op := range ops {
		if !strings.HasPrefix(e.text, op) {
			continue
		}
		rest := e.text[len(op):]
		// | is not the beginning of ||, nor < of <<.
		if len(op) == 1 && strings.Contains("|&<>", op) && strings.HasPrefix(rest, op) {
			continue
		}
		e.text = rest
		return op
	}
	return ""
}

func apply(op string, a, b value) value {
	switch op {
	case "||":
		return boolean(max(a.truth(), b.truth()))
	case "&&":
		return boolean(min(a.truth(), b.truth()))
	}
	if a.known != Sure || b.known != Sure || a.bare || b.bare {
		return unknown
	}
	is := func(t bool) value {
		if t {
			return number(1)
		}
		return number(0)
	}
	switch op {
	case "|":
		return number(a.n | b.n)
	case "^":
		return number(a.n ^ b.n)
	case "&":
		return number(a.n & b.n)
	case "==":
		return is(a.n == b.n)
	case "!=":
		return is(a.n != b.n)
	case "<=":
		return is(a.n <= b.n)
	case ">=":
		return is(a.n >= b.n)
	case "<":
		return is(a.n < b.n)
	case ">":
		return is(a.n > b.n)
	case "+":
		return number(a.n + b.n)
	case "-":
		return number(a.n - b.n)
	case "*":
		return number(a.n * b.n)
	}
	return shiftOrDivide(op, a.n, b.n)
}

func shiftOrDivide(op string, a, b int64) value {
	switch {
	case op == "<<" && b >= 0 && b < 64:
		return number(a << b)
	case op == ">>" && b >= 0 && b < 64:
		return number(a >> b)
	case op == "/" && b != 0 && b != -1:
		return number(a / b)
	case op == "%" && b != 0 && b != -1:
		return number(a % b)
	}
	return unknown
}

func (e *expression) unary() value {
	e.depth++
	defer func() { e.depth-- }()
	if e.depth > maxNesting {
		e.bad = true
		return unknown
	}
	switch {
	case e.take("!"):
		v := e.unary()
		if v.known == Likely {
			return boolean(No)
		}
		if v.bare && e.outside {
			return value{known: Likely, n: 1}
		}
		return boolean(v.truth().not())
	case e.take("-"):
		v := e.unary()
		v.n = -v.n
		return v
	case e.take("+"):
		return e.unary()
	case e.take("~"):
		v := e.unary()
		v.n = ^v.n
		return v
	case e.take("("):
		v := e.ternary()
		if !e.take(")") {
			e.bad = true
		}
		return v
	}
	return e.primary()
}

func (e *expression) primary() value {
	e.space()
	if e.text == "" {
		e.bad = true
		return unknown
	}
	if digit(e.text[0]) {
		return e.number()
	}
	name := word(e.text)
	if name == "" {
		e.bad = true
		return unknown
	}
	e.text = e.text[len(name):]
	if name == "defined" {
		return e.isDefined()
	}
	m, ok := e.macros[name]
	switch {
	case e.call(), ok && (m.function || m.is != Sure):
		return unknown
	case name == "true":
		return number(1)
	case !ok && e.defined(name) == No:
		return value{known: Sure, bare: name != "false"}
	case !ok, e.depth > maxNesting:
		return unknown
	}
	inner := &expression{unit: e.unit, text: m.body, depth: e.depth + 8}
	if inner.depth > maxNesting {
		return unknown
	}
	return inner.parse()
}

// call takes the arguments of a macro or of __has_include.
func (e *expression) call() bool {
	if !e.take("(") {
		return false
	}
	for depth := 1; depth > 0; e.text = e.text[1:] {
		if e.text == "" {
			e.bad = true
			return true
		}
		switch e.text[0] {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	return true
}

func (e *expression) isDefined() value {
	paren := e.take("(")
	e.space()
	name := word(e.text)
	if e.text = e.text[len(name):]; name == "" || paren && !e.take(")") {
		e.bad = true
		return unknown
	}
	c := e.defined(name)
	if c == No && e.outside && !reserved(name) {
		// A header of the system may define it, which makes its absence only likely.
		return value{known: Sure, bare: true}
	}
	return boolean(c)
}

func (e *expression) number() value {
	i := 0
	for i < len(e.text) && (digit(e.text[i]) || letter(e.text[i]) || e.text[i] == '\'') {
		i++
	}
	digits := strings.TrimRight(strings.ToLower(strings.ReplaceAll(e.text[:i], "'", "")), "ul")
	e.text = e.text[i:]
	n, err := strconv.ParseInt(digits, 0, 64)
	if err != nil {
		return unknown
	}
	return number(n)
}
