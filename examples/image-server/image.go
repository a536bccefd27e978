package main

import (
	"fmt"
	"image/png"
	"log"
	"net/http"

	"example.com/api"
	"example.com/api/cairo"
)

// plugins are the entry functions of the plugins that this server was built with, in the
// order in which they paint.
var plugins []func() api.Plugin

// The page asks for itself again, and so for the next picture, every second.
const page = `<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<title>Image server</title>
<style>body { margin: 0; display: grid; place-items: center; min-height: 100vh; background: #14181f }</style>
<img src="image.png" width="640" height="360" alt="What the plugins painted">
`

// newHandler starts the plugins and returns what serves their picture.
func newHandler() http.Handler {
	painters := make([]api.Plugin, len(plugins))
	for i, entry := range plugins {
		painters[i] = entry()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page)
	})
	mux.HandleFunc("GET /image.png", func(w http.ResponseWriter, r *http.Request) {
		if err := serveImage(w, r, painters); err != nil {
			log.Print(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

func serveImage(w http.ResponseWriter, r *http.Request, painters []api.Plugin) error {
	surface, err := cairo.NewSurface(api.Width, api.Height)
	if err != nil {
		return err
	}
	defer surface.Close()
	if err := paint(r, surface, painters); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	// An error from here on is that the other side has gone.
	png.Encode(w, surface.Image())
	return nil
}

func paint(r *http.Request, surface *cairo.Surface, painters []api.Plugin) error {
	c := cairo.NewContext(surface)
	defer c.Close()
	c.Vertical(0, api.Height, [3]float64{0.16, 0.31, 0.49}, [3]float64{0.07, 0.11, 0.2})
	c.Paint()
	for _, p := range painters {
		c.Save()
		if err := p.Paint(r, c); err != nil {
			return fmt.Errorf("paint with %T: %w", p, err)
		}
		c.Restore()
	}
	return c.Err()
}
