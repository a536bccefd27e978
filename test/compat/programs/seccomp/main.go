// Seccomp makes a filter and asks for the number of a system call.
package main

import (
	"fmt"
	"log"

	"github.com/seccomp/libseccomp-golang"
)

func main() {
	f, err := seccomp.NewFilter(seccomp.ActAllow)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Release()
	call, err := seccomp.GetSyscallFromName("openat")
	if err != nil {
		log.Fatal(err)
	}
	major, _, _ := seccomp.GetLibraryVersion()
	fmt.Println("libseccomp", major, "knows openat", call > 0)
}
