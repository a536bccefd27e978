package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/graft-build/graft/event"
)

func TestViewQuietWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, false)
	v.event(event.Stage{Name: "compile", Target: "rpi4"})
	v.event(event.Bytes{ID: "a", Done: 1, Total: 2})
	v.event(event.Stage{Name: "compile", Target: "rpi4", Done: true, Took: time.Hour})
	v.event(event.Note{Text: "n"})
	v.event(event.Command{Argv: []string{"go"}})
	if out.Len() != 0 {
		t.Errorf("without a terminal: %q", out.String())
	}
	v.event(event.Warning{Target: "rpi4", Text: "old"})
	v.event(event.Warning{Target: "rpi4", Text: "old"})
	v.close()
	if got := out.String(); got != "warning: rpi4: old\n" {
		t.Errorf("warnings: %q", got)
	}
}

func TestViewOnTerminal(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, true)
	v.event(event.Stage{Name: "compile", Target: "rpi4"})
	v.event(event.Bytes{ID: "a", Done: 0, Total: 2_000_000})
	for range 3 {
		time.Sleep(150 * time.Millisecond) // the bar is drawn some times a second at most
		v.event(event.Bytes{ID: "a", Done: 500_000, Total: 2_000_000})
	}
	v.event(event.Bytes{ID: "a", Done: 2_000_000, Total: 2_000_000, End: true})
	v.event(event.Stage{Name: "compile", Target: "rpi4", Detail: "app", Done: true, Took: 2 * time.Second})
	v.close()
	v.close()
	for _, want := range []string{"rpi4: compile … 0s", "fetch 0/1", "500 kB/2.0 MB", "rpi4: compile: app (2.0 s)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	if !strings.HasSuffix(out.String(), "\x1b[2K\r") {
		t.Errorf("something is left on the last line: %q", out.String())
	}
}

// TestViewObeysNobody: names from servers and files must not reach the terminal as commands.
func TestViewObeysNobody(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, false)
	v.event(event.Warning{Text: "evil \x1b]0;title\x07 \u009b31m name"})
	if strings.ContainsAny(out.String(), "\x1b\x07\u009b") {
		t.Errorf("%q", out.String())
	}
}

func TestCommandHidesSecrets(t *testing.T) {
	got := command(event.Command{
		Argv: []string{"go", "build", "a b"}, Dir: "/x",
		Env: []string{"GOPROXY=https://me:hunter2@example.com/go,direct", "NPM_TOKEN=s3cret", "A=it's"},
	})
	want := `cd /x && env -i GOPROXY=https://…@example.com/go,direct NPM_TOKEN='…' A='it'\''s' go build 'a b'`
	if got = strings.ReplaceAll(got, "'https://…@example.com/go,direct'", "https://…@example.com/go,direct"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
