// Package mark is a plugin of CoreDNS: it adds a text to the TXT records that plugins behind it
// answer with. An answer without that text came from a plugin before it.
package mark

import (
	"context"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"
)

func init() { plugin.Register("mark", setup) }

// setup reads "mark TEXT".
func setup(c *caddy.Controller) error {
	c.Next()
	var text string
	if !c.Args(&text) {
		return plugin.Error("mark", c.ArgErr())
	}
	dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
		return mark{next, text}
	})
	return nil
}

type mark struct {
	next plugin.Handler
	text string
}

// Name is that of the directive.
func (mark) Name() string { return "mark" }

// ServeDNS lets the next plugins answer.
func (m mark) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(m.Name(), m.next, ctx, marker{w, m.text}, r)
}

type marker struct {
	dns.ResponseWriter
	text string
}

// WriteMsg adds the text.
func (w marker) WriteMsg(r *dns.Msg) error {
	if q := r.Question[0]; q.Qtype == dns.TypeTXT {
		r.Answer = append(r.Answer, &dns.TXT{
			Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60},
			Txt: []string{w.text},
		})
	}
	return w.ResponseWriter.WriteMsg(r)
}
