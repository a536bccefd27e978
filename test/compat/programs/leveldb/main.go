// Leveldb writes and reads a record of a database.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/jmhodges/levigo"
)

func main() {
	dir, err := os.MkdirTemp("", "level")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	options := levigo.NewOptions()
	options.SetCreateIfMissing(true)
	db, err := levigo.Open(filepath.Join(dir, "db"), options)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := db.Put(levigo.NewWriteOptions(), []byte("key"), []byte("value")); err != nil {
		log.Fatal(err)
	}
	v, err := db.Get(levigo.NewReadOptions(), []byte("key"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("LevelDB has %s\n", v)
}
