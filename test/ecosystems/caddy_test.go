package ecosystems

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// caddyfile has our handler, and one of Caddy's own behind it.
const caddyfile = `{
	admin off
	auto_https off
	persist_config off
}
http://127.0.0.1:%s {
	route /hello/* {
		hello graft
	}
	respond "not ours"
}
`

// handler is our module, which has a replace line for another.
var handler = map[string]string{"my-caddy-module": "caddy-hello", "greeting": "greeting"}

// ask returns what a server answers.
func ask(url string) (string, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(b)), err
}

// greets starts Caddy and asks our handler and Caddy's own.
func (w world) greets(t *testing.T, caddy ...string) {
	t.Helper()
	port := freePort(t)
	w.write(t, "Caddyfile", fmt.Sprintf(caddyfile, port))
	url := "http://127.0.0.1:" + port
	w.start(t, func() error { _, err := ask(url); return err }, append(caddy, "run", "--config", "Caddyfile")...)
	for _, c := range []struct{ path, want string }{
		{"/hello/a", "200 hello graft, /hello/a, 1\n"},
		{"/hello/b", "200 hello graft, /hello/b, 2\n"},
		{"/", "200 not ours"},
	} {
		if got, err := ask(url + c.path); got != c.want || err != nil {
			t.Errorf("GET %s: %q %v, want %q", c.path, got, err, c.want)
		}
	}
}

func TestCaddy(t *testing.T) {
	w := newWorld(t, handler)
	w.follow(t, "Caddy")
	caddy := w.program(t, "caddy")
	w.greets(t, caddy)
	if got := output(t, caddy, "list-modules", "--skip-standard"); !strings.Contains(got, "\nhttp.handlers.hello\n") && !strings.HasPrefix(got, "http.handlers.hello\n") {
		t.Errorf("list-modules:\n%s", got)
	}
	if got := output(t, caddy, "version"); got != "v2.11.9\n" {
		t.Errorf("version: %q", got)
	}
	if got := w.must(t, "inspect", caddy); !strings.Contains(got, "example.com/caddy-hello") {
		t.Errorf("inspect:\n%s", got)
	}
}

func TestCaddyForRaspberryPi(t *testing.T) {
	full(t, "all of Caddy for another processor")
	w := newWorld(t, handler)
	w.follow(t, "Caddy for a Raspberry Pi")
	deb := w.artifact(t, "deb", "rpi4")
	for field, want := range map[string]string{"Package": "caddy", "Version": "2.11.9", "Architecture": "armhf"} {
		if got := strings.TrimSpace(output(t, "dpkg-deb", "-f", deb, field)); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	root := t.TempDir()
	output(t, "dpkg-deb", "-x", deb, root)
	emulator, err := exec.LookPath("qemu-arm-static")
	if err != nil {
		t.Skip("the package is as it should be; not started, as qemu-arm-static is not installed (qemu-user-static)")
	}
	w.greets(t, emulator, root+"/usr/bin/caddy")
}

// TestCaddyStays is what people complain about most in xcaddy: a plugin that silently brings
// another Caddy than the one that was asked for.
func TestCaddyStays(t *testing.T) {
	w := newWorld(t, handler)
	_, stderr, status := w.run(t, "build", "github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.8", "--with", "./my-caddy-module")
	for _, want := range []string{"plugin ./my-caddy-module", "github.com/caddyserver/caddy/v2 v2.11.9", "v2.11.8"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q", want)
		}
	}
	if status != 1 || t.Failed() {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}
