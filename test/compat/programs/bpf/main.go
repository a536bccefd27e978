// Bpf asks libbpf for its version and to load a program that is none.
package main

import (
	"fmt"

	"github.com/aquasecurity/libbpfgo"
)

func main() {
	_, err := libbpfgo.NewModuleFromBuffer([]byte("no program"), "none")
	fmt.Println("libbpf", libbpfgo.MajorVersion(), err)
}
