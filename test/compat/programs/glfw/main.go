// Glfw asks GLFW for its version and opens a display, which is seldom there.
package main

import (
	"fmt"
	"runtime"

	"github.com/go-gl/glfw/v3.3/glfw"
)

func init() { runtime.LockOSThread() }

func main() {
	fmt.Println("GLFW", glfw.GetVersionString())
	if err := glfw.Init(); err != nil {
		fmt.Println(err)
		return
	}
	glfw.Terminate()
}
