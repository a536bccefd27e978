// Package cairo draws with the C library cairo: the small part of it that the image
// server and its plugins need.
package cairo

// #cgo pkg-config: cairo
// #include <stdlib.h>
// #include <cairo.h>
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

// Surface is a picture in memory. It must be closed.
type Surface struct{ c *C.cairo_surface_t }

// NewSurface returns a transparent picture.
func NewSurface(width, height int) (*Surface, error) {
	s := &Surface{C.cairo_image_surface_create(C.CAIRO_FORMAT_ARGB32, C.int(width), C.int(height))}
	if err := check(C.cairo_surface_status(s.c)); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close frees the picture.
func (s *Surface) Close() {
	C.cairo_surface_destroy(s.c)
	s.c = nil
}

// Image returns a copy of the picture.
func (s *Surface) Image() *image.RGBA {
	C.cairo_surface_flush(s.c)
	width := int(C.cairo_image_surface_get_width(s.c))
	height := int(C.cairo_image_surface_get_height(s.c))
	stride := int(C.cairo_image_surface_get_stride(s.c))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	data := unsafe.Slice((*byte)(unsafe.Pointer(C.cairo_image_surface_get_data(s.c))), stride*height)
	for y := range height {
		// A pixel is a native 32-bit number, alpha in its upper byte, colours
		// premultiplied as in image.RGBA.
		row := unsafe.Slice((*uint32)(unsafe.Pointer(&data[y*stride])), width)
		for x, p := range row {
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(p>>16), byte(p>>8), byte(p), byte(p>>24)
		}
	}
	return img
}

// Context draws on a surface. It must be closed, before the surface. Errors stick: Err
// returns the first one.
type Context struct{ c *C.cairo_t }

// NewContext returns a context that draws on s.
func NewContext(s *Surface) *Context { return &Context{C.cairo_create(s.c)} }

// Close frees the context.
func (c *Context) Close() {
	C.cairo_destroy(c.c)
	c.c = nil
}

// Err returns what went wrong first, nil when nothing did.
func (c *Context) Err() error { return check(C.cairo_status(c.c)) }

// Save keeps the state: colour, line, position and scale.
func (c *Context) Save() { C.cairo_save(c.c) }

// Restore brings the state back that the last Save kept.
func (c *Context) Restore() { C.cairo_restore(c.c) }

// Translate moves the origin.
func (c *Context) Translate(x, y float64) { C.cairo_translate(c.c, C.double(x), C.double(y)) }

// Scale multiplies all lengths.
func (c *Context) Scale(x, y float64) { C.cairo_scale(c.c, C.double(x), C.double(y)) }

// Color sets the colour that Stroke, Fill and Paint use, each part from 0 to 1.
func (c *Context) Color(r, g, b float64) {
	C.cairo_set_source_rgb(c.c, C.double(r), C.double(g), C.double(b))
}

// Vertical sets a colour that goes from one at y0 to another at y1.
func (c *Context) Vertical(y0, y1 float64, from, to [3]float64) {
	p := C.cairo_pattern_create_linear(0, C.double(y0), 0, C.double(y1))
	defer C.cairo_pattern_destroy(p)
	C.cairo_pattern_add_color_stop_rgb(p, 0, C.double(from[0]), C.double(from[1]), C.double(from[2]))
	C.cairo_pattern_add_color_stop_rgb(p, 1, C.double(to[0]), C.double(to[1]), C.double(to[2]))
	C.cairo_set_source(c.c, p)
}

// Line sets the width of lines; their ends and corners are round.
func (c *Context) Line(width float64) {
	C.cairo_set_line_width(c.c, C.double(width))
	C.cairo_set_line_cap(c.c, C.CAIRO_LINE_CAP_ROUND)
	C.cairo_set_line_join(c.c, C.CAIRO_LINE_JOIN_ROUND)
}

// MoveTo begins a line.
func (c *Context) MoveTo(x, y float64) { C.cairo_move_to(c.c, C.double(x), C.double(y)) }

// LineTo goes on with a straight line.
func (c *Context) LineTo(x, y float64) { C.cairo_line_to(c.c, C.double(x), C.double(y)) }

// CurveTo goes on with a Bézier curve.
func (c *Context) CurveTo(x1, y1, x2, y2, x3, y3 float64) {
	C.cairo_curve_to(c.c, C.double(x1), C.double(y1), C.double(x2), C.double(y2), C.double(x3), C.double(y3))
}

// Rectangle adds a rectangle to the path.
func (c *Context) Rectangle(x, y, width, height float64) {
	C.cairo_rectangle(c.c, C.double(x), C.double(y), C.double(width), C.double(height))
}

// Stroke draws the path as a line and forgets it.
func (c *Context) Stroke() { C.cairo_stroke(c.c) }

// Fill fills the path and forgets it.
func (c *Context) Fill() { C.cairo_fill(c.c) }

// Paint fills everything.
func (c *Context) Paint() { C.cairo_paint(c.c) }

func check(s C.cairo_status_t) error {
	if s == C.CAIRO_STATUS_SUCCESS {
		return nil
	}
	return errors.New("cairo: " + C.GoString(C.cairo_status_to_string(s)))
}
