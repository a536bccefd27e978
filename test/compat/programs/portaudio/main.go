// Portaudio asks PortAudio for its version and opens it.
package main

import (
	"fmt"

	"github.com/gordonklaus/portaudio"
)

func main() {
	fmt.Println(portaudio.VersionText())
	if err := portaudio.Initialize(); err != nil {
		fmt.Println(err)
		return
	}
	portaudio.Terminate()
}
