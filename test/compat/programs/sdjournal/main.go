// Sdjournal opens an empty folder of journals with libsystemd, which it finds by dlopen.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/coreos/go-systemd/v22/sdjournal"
)

func main() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(dir)
	j, err := sdjournal.NewJournalFromDir(dir)
	if err != nil {
		fmt.Println("journal:", err)
		return
	}
	defer j.Close()
	n, err := j.Next()
	fmt.Println("journal:", n, "entries", err)
}
