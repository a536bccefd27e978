// Oto opens the default sound device, or tells what ALSA says where there is none.
package main

import (
	"fmt"
	"time"

	"github.com/ebitengine/oto/v3"
)

func main() {
	ctx, ready, err := oto.NewContext(&oto.NewContextOptions{SampleRate: 44100, ChannelCount: 2, Format: oto.FormatSignedInt16LE})
	if err == nil {
		select {
		case <-ready:
		case <-time.After(5 * time.Second):
		}
		err = ctx.Err()
	}
	fmt.Println("oto:", err)
}
