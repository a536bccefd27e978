// Gio opens a window, by Wayland, X11 or Windows, and tells what came of it.
package main

import (
	"fmt"
	"os"

	"gioui.org/app"
)

func main() {
	go func() {
		w := new(app.Window)
		w.Option(app.Title("graft"))
		for {
			switch e := w.Event().(type) {
			case app.DestroyEvent:
				fmt.Println("Gio: no window:", e.Err)
				os.Exit(0)
			case app.FrameEvent:
				fmt.Println("Gio: a window of", e.Size)
				os.Exit(0)
			}
		}
	}()
	app.Main()
}
