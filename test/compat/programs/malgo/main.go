// Malgo lists the devices of the first backend that answers: the null one at last.
package main

import (
	"fmt"
	"log"

	"github.com/gen2brain/malgo"
)

func main() {
	ctx, err := malgo.InitContext(nil, malgo.ContextConfig{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Free()
	devices, err := ctx.Devices(malgo.Playback)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("devices:", len(devices))
}
