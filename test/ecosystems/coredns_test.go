package ecosystems

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCoreDNS: our plugin marks what plugins behind it answer. Behind it is file; template,
// which stands before it, answers for itself.
func TestCoreDNS(t *testing.T) {
	w := newWorld(t, map[string]string{".": "coredns", "my-dns-plugin": "coredns-mark"})
	w.follow(t, "CoreDNS")
	coredns := w.program(t, "coredns")
	if got := strings.Fields(output(t, coredns, "-plugins")); !slices.Contains(got, "mark") || slices.Contains(got, "kubernetes") {
		t.Errorf("coredns -plugins: %q", got)
	}
	b, err := os.ReadFile(filepath.Join(w.dir, "Corefile"))
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	w.write(t, "Corefile", strings.Replace(string(b), "PORT", port, 1))
	dns := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", "127.0.0.1:"+port)
	}}
	texts := func(name string) ([]string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		return dns.LookupTXT(ctx, name)
	}
	w.start(t, func() error { _, err := texts("early.test."); return err }, coredns, "-conf", "Corefile")
	for name, want := range map[string][]string{"early.test.": {"template"}, "late.test.": {"file", "marked"}} {
		if got, err := texts(name); !slices.Equal(got, want) || err != nil {
			t.Errorf("TXT of %s: %q %v, want %q", name, got, err, want)
		}
	}
}
