// Fuse loads FUSE by dlopen where it is, and says so where not.
package main

import (
	"fmt"

	"github.com/winfsp/cgofuse/fuse"
)

type empty struct{ fuse.FileSystemBase }

func main() {
	defer func() { fmt.Println("FUSE:", recover()) }()
	fmt.Println("mounted:", fuse.NewFileSystemHost(&empty{}).Mount("/no/such/folder", nil))
}
