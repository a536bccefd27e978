// Package qr is a plugin of the image server that paints the QR code of the request's URL.
package qr

import (
	"net/http"

	"example.com/api"
	"example.com/api/cairo"
)

// Plugin is the plugin's entry function.
func Plugin() api.Plugin { return painter{} }

type painter struct{}

// The code stands in the lower right corner. Readers want four light modules around it.
const (
	side   = 240 // pixels
	margin = 24  // pixels
	quiet  = 4   // modules
)

func (painter) Paint(r *http.Request, c *cairo.Context) error {
	code, err := encode(address(r))
	if err != nil {
		return err
	}
	// A module is a whole number of pixels, or its edges would be blurred.
	modules := code.width + 2*quiet
	scale := max(1, side/modules)
	c.Translate(float64(api.Width-margin-modules*scale), float64(api.Height-margin-modules*scale))
	c.Scale(float64(scale), float64(scale))
	c.Color(1, 1, 1)
	c.Rectangle(0, 0, float64(modules), float64(modules))
	c.Fill()
	c.Color(0, 0, 0)
	for y := range code.width {
		for x := range code.width {
			if code.dark(x, y) {
				c.Rectangle(float64(quiet+x), float64(quiet+y), 1, 1)
			}
		}
	}
	c.Fill()
	return nil
}

// address is the URL that the client asked for.
func address(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + r.URL.RequestURI()
}
