// Sdl2 asks SDL for its version and paints a pixel on a surface in memory.
package main

import (
	"fmt"
	"log"

	"github.com/veandco/go-sdl2/sdl"
)

func main() {
	var v sdl.Version
	sdl.GetVersion(&v)
	s, err := sdl.CreateRGBSurface(0, 2, 2, 32, 0xff0000, 0xff00, 0xff, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Free()
	if err := s.FillRect(nil, 0x123456); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("SDL %d, pixel %02x%02x%02x\n", v.Major, s.Pixels()[2], s.Pixels()[1], s.Pixels()[0])
}
