// Package api is what the image server and its plugins agree on.
package api

import (
	"net/http"

	"example.com/api/cairo"
)

// Size of the picture in pixels.
const (
	Width  = 640
	Height = 360
)

// Plugin paints on the picture that answers a request. The entry function of a plugin
// returns one:
//
//	func Plugin() api.Plugin
//
// Paint is called for every picture, for several at once. It may change the context as it
// likes: the server saves its state before and restores it after. The context is valid
// until Paint returns.
type Plugin interface {
	Paint(r *http.Request, c *cairo.Context) error
}
