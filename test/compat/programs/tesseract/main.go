// Tesseract asks the library for its version.
package main

import (
	"fmt"

	"github.com/otiai10/gosseract/v2"
)

func main() {
	c := gosseract.NewClient()
	defer c.Close()
	fmt.Println("Tesseract", c.Version())
}
