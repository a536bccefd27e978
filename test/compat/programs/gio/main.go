// Gio lays out a frame without a window; the window's code and its libraries are linked.
package main

import (
	"fmt"
	"image"

	"gioui.org/app"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/unit"
)

func main() {
	w := new(app.Window)
	w.Option(app.Title("graft"))
	gtx := layout.Context{Ops: new(op.Ops), Constraints: layout.Exact(image.Pt(10, 10))}
	fmt.Println("Gio", layout.Spacer{Width: unit.Dp(4), Height: unit.Dp(4)}.Layout(gtx).Size)
}
