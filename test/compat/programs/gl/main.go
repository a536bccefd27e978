// Gl loads the functions of OpenGL.
package main

import (
	"fmt"

	"github.com/go-gl/gl/v2.1/gl"
)

func main() {
	if err := gl.Init(); err != nil {
		fmt.Println("OpenGL:", err)
		return
	}
	fmt.Println("OpenGL: functions found")
}
