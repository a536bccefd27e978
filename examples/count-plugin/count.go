// Package count is a plugin of the image server that paints how many pictures it served.
package count

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"example.com/api"
	"example.com/api/cairo"
)

// Plugin is the plugin's entry function.
func Plugin() api.Plugin { return new(counter) }

type counter struct{ served atomic.Int64 }

// Where the number stands and how large a digit is, in pixels.
const (
	left, top     = 40, 60
	width, height = 60, 120
	step          = width + 36
)

func (p *counter) Paint(_ *http.Request, c *cairo.Context) error {
	n := strconv.FormatInt(p.served.Add(1), 10)
	c.Line(14)
	c.Color(1, 0.84, 0.3)
	c.Translate(left, top)
	for _, digit := range n {
		for _, s := range segments[digit-'0'] {
			l := lines[s-'a']
			c.MoveTo(l[0]*width, l[1]*height)
			c.LineTo(l[2]*width, l[3]*height)
		}
		c.Stroke()
		c.Translate(step, 0)
	}
	return nil
}

// The digits are drawn, not written: a small system has no fonts. Each is a choice of the
// seven lines of a seven-segment display, a at the top and on clockwise, g in the middle.
var segments = [10]string{"abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"}

var lines = [7][4]float64{
	{0, 0, 1, 0}, {1, 0, 1, 0.5}, {1, 0.5, 1, 1}, {0, 1, 1, 1}, {0, 0.5, 0, 1}, {0, 0, 0, 0.5}, {0, 0.5, 1, 0.5},
}
