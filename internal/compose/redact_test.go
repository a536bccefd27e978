package compose

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "netrc"), "machine git.example.com login me password hunter2x\nmachine b password x\n")
	g := Go{Env: []string{"NETRC=" + filepath.Join(dir, "netrc")}}
	tests := []struct{ in, want string }{
		{"fatal: unable to access 'https://me:s3cret@git.example.com/p.git/': 403", "fatal: unable to access 'https://***@git.example.com/p.git/': 403"},
		{"reading https://token@host/x?a=b: 401", "reading https://***@host/x?a=b: 401"},
		{"https://h/x?access_token=abc&v=1", "https://h/x?access_token=***&v=1"},
		{"https://h/x?X-Amz-Signature=abc", "https://h/x?X-Amz-Signature=***"},
		{"> Authorization: Basic bWU6eA==", "> Authorization: Basic ***"},
		{"authorization: Bearer abc.def", "authorization: Bearer ***"},
		{"git said: hunter2x is wrong", "git said: *** is wrong"},
		{"ssh://git@host/p.git: Permission denied", "ssh://***@host/p.git: Permission denied"},
		{"example.com/p@v1.0.0: https://proxy/example.com/p/@v/v1.0.0.info: 404", "example.com/p@v1.0.0: https://proxy/example.com/p/@v/v1.0.0.info: 404"},
	}
	for _, tt := range tests {
		if got := g.Redact(tt.in); got != tt.want {
			t.Errorf("Redact(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// A module that cannot be had for want of credentials: the go command's own words, and no
// secret of the address that it was asked from.
func TestPrivateModule(t *testing.T) {
	d, _ := testDeps(t)
	d.Go.Env = append(d.Go.Env, "GOPROXY=https://me:hunter2x@127.0.0.1:1/secret?token=hunter3x", "GONOSUMDB=example.com")
	_, err := Compose(t.Context(), d, Spec{App: "app", Dir: tree(t, plain), Plugins: []PluginSpec{{Ref: "example.com/private@v1.0.0"}}})
	if err == nil {
		t.Fatal("it composed")
	}
	text := err.Error()
	if strings.Contains(text, "hunter") || strings.Contains(text, "me:") {
		t.Errorf("a secret in %q", text)
	}
	for _, part := range []string{"plugin example.com/private@v1.0.0: ", "127.0.0.1:1", "connection refused"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %q", part, text)
		}
	}
}
