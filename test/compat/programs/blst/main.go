// Blst signs and verifies with code in C and assembler that the module brings.
package main

import (
	"fmt"

	"github.com/supranational/blst/bindings/go"
)

func main() {
	key := blst.KeyGen(make([]byte, 32))
	public := new(blst.P1Affine).From(key)
	domain := []byte("graft")
	s := new(blst.P2Affine).Sign(key, []byte("message"), domain)
	fmt.Println("verified", s.Verify(true, public, true, []byte("message"), domain))
}
