// Package hello is a handler of Caddy: it answers with a text, the path that was asked for and
// how often it was asked.
package hello

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"example.com/greeting"
)

func init() {
	caddy.RegisterModule(new(Handler))
	httpcaddyfile.RegisterHandlerDirective("hello", parse)
	httpcaddyfile.RegisterDirectiveOrder("hello", httpcaddyfile.Before, "respond")
}

// Handler says hello.
type Handler struct {
	Whom string `json:"whom,omitempty"`

	asked atomic.Int64
}

// CaddyModule says what Caddy calls it.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.hello", New: func() caddy.Module { return new(Handler) }}
}

// Validate wants a name.
func (h *Handler) Validate() error {
	if h.Whom == "" {
		return fmt.Errorf("hello: nobody to say hello to")
	}
	return nil
}

// ServeHTTP answers.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	_, err := fmt.Fprintf(w, "%s %s, %s, %d\n", greeting.Word, h.Whom, r.URL.Path, h.asked.Add(1))
	return err
}

// UnmarshalCaddyfile reads "hello NAME".
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.Args(&h.Whom) {
		return d.ArgErr()
	}
	return nil
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	var m Handler
	return &m, m.UnmarshalCaddyfile(h.Dispenser)
}

var (
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
