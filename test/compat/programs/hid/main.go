// Hid lists the devices of a maker that does not exist.
package main

import (
	"fmt"
	"log"

	"github.com/karalabe/hid"
)

func main() {
	devices, err := hid.Enumerate(0xfffe, 0xfffe)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("supported", hid.Supported(), "devices", len(devices))
}
