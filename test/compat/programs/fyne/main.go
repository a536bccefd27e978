// Fyne asks a toolkit for its driver, which needs no display yet.
package main

import (
	"fmt"

	"fyne.io/fyne/v2/app"
)

func main() {
	fmt.Printf("Fyne %T\n", app.New().Driver())
}
