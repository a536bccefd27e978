// Webp encodes and decodes a picture.
package main

import (
	"bytes"
	"fmt"
	"image"
	"log"

	"github.com/chai2010/webp"
)

func main() {
	var b bytes.Buffer
	if err := webp.Encode(&b, image.NewRGBA(image.Rect(0, 0, 8, 4)), &webp.Options{Lossless: true}); err != nil {
		log.Fatal(err)
	}
	width, height, _, err := webp.GetInfo(b.Bytes())
	fmt.Println("WebP", width, height, err)
}
