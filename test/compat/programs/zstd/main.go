// Zstd compresses and decompresses.
package main

import (
	"bytes"
	"fmt"
	"log"

	"github.com/DataDog/zstd"
)

func main() {
	in := bytes.Repeat([]byte("graft "), 1000)
	small, err := zstd.Compress(nil, in)
	if err != nil {
		log.Fatal(err)
	}
	out, err := zstd.Decompress(nil, small)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("smaller", len(small) < len(in), "same", bytes.Equal(in, out))
}
