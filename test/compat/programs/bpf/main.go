// Bpf asks libbpf for its version and to load a program that is none. The module leaves it
// to the application to name libbpf, which may be linked in more than one way.
package main

// #cgo LDFLAGS: -lbpf
import "C"

import (
	"fmt"

	"github.com/aquasecurity/libbpfgo"
)

func main() {
	_, err := libbpfgo.NewModuleFromBuffer([]byte("no program"), "none")
	fmt.Println("libbpf", libbpfgo.MajorVersion(), err)
}
