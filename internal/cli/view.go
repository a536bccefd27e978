package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/graft-build/graft/event"
)

// view shows events. On a terminal there is one line at the bottom that says what is under
// way: a bar for the bytes of all transfers together, or else the stages and their time.
// Above it stays a line for each stage that took a while. Elsewhere only warnings are shown.
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

	active []working
	stop   chan struct{} // ends the ticker
	closed bool
}

// working is a stage under way.
type working struct {
	name  string
	since time.Time
}

func newView(w io.Writer, terminal bool) *view {
	v := &view{w: w, terminal: terminal, seen: map[string]event.Bytes{}, warns: map[string]bool{}, stop: make(chan struct{})}
	if terminal {
		go v.tick()
	}
	return v
}

// tick keeps the time in the bottom line true.
func (v *view) tick() {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-t.C:
			v.mu.Lock()
			v.show()
			v.mu.Unlock()
		}
	}
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
	name := prefix(e.Target) + e.Name
	if e.Done {
		v.active = slices.DeleteFunc(v.active, func(w working) bool { return w.name == name })
	} else {
		v.active = append(v.active, working{name, time.Now()})
	}
	if e.Detail != "" {
		name += ": " + e.Detail
	}
	switch {
	case v.verbose && e.Done && e.Cached:
		v.line("%s (in the store)", name)
	case e.Done && (v.verbose || v.terminal && !v.quiet && e.Took >= slow):
		v.line("%s (%.1f s)", name, e.Took.Seconds())
	}
	v.show()
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
	v.bar.Set64(v.done)
	verb := "fetch"
	if e.Up {
		verb = "push"
	}
	v.bar.Describe(fmt.Sprintf("%s %d/%d", verb, v.ended, v.files))
	if v.ended == v.files {
		v.clear()
		v.seen, v.done, v.total, v.files, v.ended = map[string]event.Bytes{}, 0, 0, 0, 0
		v.show()
	}
}

func (v *view) newBar(total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(v.w), progressbar.OptionShowBytes(true), progressbar.OptionShowCount(),
		progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true), progressbar.OptionSetPredictTime(true))
}

// show says what is being done, on the line that the next output replaces.
func (v *view) show() {
	if !v.terminal || v.quiet || v.closed || v.bar != nil || len(v.active) == 0 {
		return
	}
	var names []string
	for _, w := range v.active {
		names = append(names, w.name)
	}
	took := time.Since(v.active[0].since).Truncate(time.Second)
	fmt.Fprintf(v.w, "\x1b[2K\r%s … %s\r", clip(strings.Join(names, ", "), 66), took)
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
	if !v.closed {
		v.closed = true
		close(v.stop)
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
