// Gozstd compresses and decompresses with a library that the module brings compiled.
package main

import (
	"bytes"
	"fmt"
	"log"

	"github.com/valyala/gozstd"
)

func main() {
	in := bytes.Repeat([]byte("graft "), 1000)
	small := gozstd.Compress(nil, in)
	out, err := gozstd.Decompress(nil, small)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("smaller", len(small) < len(in), "same", bytes.Equal(in, out))
}
