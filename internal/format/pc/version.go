package pc

import "strings"

// Compare orders two versions as pkgconf does (rpm's order): negative, 0 or positive. Runs
// of digits compare as numbers of any length, runs of letters as text, numbers stand after
// letters, "~" before everything, even the end.
func Compare(a, b string) int {
	if strings.EqualFold(a, b) {
		return 0
	}
	for a != "" || b != "" {
		a, b = skipSeparators(a), skipSeparators(b)
		at, bt := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
		if at || bt {
			switch {
			case !at:
				return 1
			case !bt:
				return -1
			}
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		class := letter
		if digit(a[0]) {
			class = digit
		}
		x, restA := cut(a, func(c byte) bool { return !class(c) })
		y, restB := cut(b, func(c byte) bool { return !class(c) })
		if y == "" {
			if digit(a[0]) {
				return 1
			}
			return -1
		}
		if c := compareRun(x, y, digit(a[0])); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	switch {
	case a == "" && b == "":
		return 0
	case a == "":
		return -1
	}
	return 1
}

func compareRun(x, y string, number bool) int {
	if number {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
	}
	return strings.Compare(x, y)
}

func skipSeparators(s string) string {
	_, tail := cut(s, func(c byte) bool { return digit(c) || letter(c) || c == '~' })
	return tail
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
