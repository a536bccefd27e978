package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/graft-build/graft/event"
)

// view shows events. On a terminal there is one bar at the bottom, for the bytes of all
// transfers together, and a line for each stage that took a while; elsewhere only warnings.
type view struct {
	w        io.Writer
	terminal bool
	verbose  bool
	quiet    bool // results are for a machine: no progress, even on a terminal

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	seen  map[string]event.Bytes
	done  int64
	total int64
	files int
	ended int
	warns map[string]bool
}

func newView(w io.Writer, terminal bool) *view {
	return &view{w: w, terminal: terminal, seen: map[string]event.Bytes{}, warns: map[string]bool{}}
}

func (v *view) event(e event.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := e.(type) {
	case event.Bytes:
		if v.terminal && !v.quiet {
			v.bytes(e)
		}
	case event.Stage:
		v.stage(e)
	case event.Command:
		if v.verbose && !e.End {
			v.line("+ %s", command(e))
		}
	case event.Note:
		if v.verbose {
			v.line("%s%s", prefix(e.Target), e.Text)
		}
	case event.Warning:
		if text := prefix(e.Target) + e.Text; !v.warns[text] {
			v.warns[text] = true
			v.line("warning: %s", text)
		}
	}
}

// slow is how long a stage takes before a person wants to hear of it.
const slow = time.Second

func (v *view) stage(e event.Stage) {
	detail := ""
	if e.Detail != "" {
		detail = ": " + e.Detail
	}
	switch {
	case v.verbose && e.Done && e.Cached:
		v.line("%s%s%s (in the store)", prefix(e.Target), e.Name, detail)
	case e.Done && (v.verbose || v.terminal && !v.quiet && e.Took >= slow):
		v.line("%s%s%s (%.1f s)", prefix(e.Target), e.Name, detail, e.Took.Seconds())
	case !e.Done && v.terminal && !v.quiet:
		v.show(prefix(e.Target) + e.Name + detail)
	}
}

// bytes adds up all transfers under way and shows them as one.
func (v *view) bytes(e event.Bytes) {
	old, known := v.seen[e.ID]
	if !known {
		v.files++
	}
	v.done += e.Done - old.Done
	v.total += max(e.Total, e.Done, 0) - max(old.Total, old.Done, 0)
	if e.End && !old.End {
		v.ended++
	}
	v.seen[e.ID] = e
	if v.bar == nil {
		v.bar = v.newBar(v.total)
	}
	v.bar.ChangeMax64(max(v.total, v.done+1))
	v.bar.Describe(fmt.Sprintf("fetch %d/%d", v.ended, v.files))
	v.bar.Set64(v.done)
	if v.ended == v.files {
		v.clear()
		v.seen, v.done, v.total, v.files, v.ended = map[string]event.Bytes{}, 0, 0, 0, 0
	}
}

func (v *view) newBar(total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(v.w), progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true),
		progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true), progressbar.OptionSetPredictTime(true))
}

// show says what is being done, on the line that the next output replaces.
func (v *view) show(text string) {
	if v.bar == nil {
		fmt.Fprintf(v.w, "\x1b[2K\r%s …\r", clip(text, 78))
	}
}

// line writes a line that stays.
func (v *view) line(format string, args ...any) {
	v.clear()
	fmt.Fprintln(v.w, printable(fmt.Sprintf(format, args...)))
}

// clear removes what is not meant to stay.
func (v *view) clear() {
	if v.bar != nil {
		v.bar.Clear()
		v.bar = nil
	}
	if v.terminal {
		fmt.Fprint(v.w, "\x1b[2K\r")
	}
}

// close ends all progress: results or an error follow.
func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.terminal && !v.quiet {
		v.clear()
	}
}

func prefix(target string) string {
	if target == "" {
		return ""
	}
	return target + ": "
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// printable replaces control characters: names in messages come from files and servers, and
// a terminal must not obey them. Lines and tabs stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// command is a started process as a shell would read it. Variables whose names say that
// they are secret have no value shown.
func command(e event.Command) string {
	var b strings.Builder
	if e.Dir != "" {
		fmt.Fprintf(&b, "cd %s && ", quote(e.Dir))
	}
	b.WriteString("env -i")
	for _, kv := range e.Env {
		name, value, _ := strings.Cut(kv, "=")
		if secret(name) {
			value = "…"
		}
		b.WriteString(" " + name + "=" + quote(hidePassword(value)))
	}
	for _, arg := range e.Argv {
		b.WriteString(" " + quote(arg))
	}
	return b.String()
}

func secret(name string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "GOAUTH", "API_KEY", "GIT_CONFIG_VALUE"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// hidePassword removes the password of addresses (https://user:password@host).
func hidePassword(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	host, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…" + host[i:]
	}
	if slash {
		host += "/" + hidePassword(path)
	}
	return scheme + "://" + host
}

func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// size writes a number of bytes for a person.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
