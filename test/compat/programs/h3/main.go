// H3 finds the hexagon of a place.
package main

import (
	"fmt"

	"github.com/uber/h3-go/v4"
)

func main() {
	fmt.Println(h3.LatLngToCell(h3.NewLatLng(37.775938728915946, -122.41795063018799), 9))
}
