// Opus encodes a frame of silence.
package main

import (
	"fmt"
	"log"

	"gopkg.in/hraban/opus.v2"
)

func main() {
	e, err := opus.NewEncoder(48000, 1, opus.AppVoIP)
	if err != nil {
		log.Fatal(err)
	}
	frame := make([]byte, 1000)
	n, err := e.Encode(make([]int16, 960), frame)
	fmt.Println("Opus made bytes:", n > 0, err)
}
