// Cairo paints with a library of the distribution and prints what it painted.
package main

/*
#cgo pkg-config: cairo
#include <cairo.h>

static unsigned pixel(void) {
	cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 4, 4);
	cairo_t *c = cairo_create(s);
	cairo_set_source_rgb(c, 1, 0.5, 0);
	cairo_paint(c);
	cairo_destroy(c);
	cairo_surface_flush(s);
	unsigned p = *(unsigned *)cairo_image_surface_get_data(s);
	cairo_surface_destroy(s);
	return p;
}
*/
import "C"

import "fmt"

func main() { fmt.Printf("%08x %s\n", uint(C.pixel()), C.GoString(C.cairo_version_string())) }
