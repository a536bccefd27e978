package survey

import "golang.org/x/mod/module"

// hosts are applications whose plugins are modules of their own, by the module that those
// require; the value is the main package below it.
var hosts = map[string]string{
	"github.com/caddyserver/caddy/v2": "/cmd/caddy",
	"github.com/coredns/coredns":      "",
	"github.com/influxdata/telegraf":  "/cmd/telegraf",
	"go.k6.io/k6":                     "",
}

// Host is the application that the module is a plugin of, package@version, when it requires
// one that is known; "" otherwise.
func (m *Module) Host() string {
	for _, r := range m.Requires {
		if main, ok := hosts[r.Path]; ok && module.CanonicalVersion(r.Version) == r.Version {
			return r.Path + main + "@" + r.Version
		}
	}
	return ""
}
