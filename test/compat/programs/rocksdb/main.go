// Rocksdb writes and reads a record of a database.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/linxGnu/grocksdb"
)

func main() {
	dir, err := os.MkdirTemp("", "rocks")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	options := grocksdb.NewDefaultOptions()
	options.SetCreateIfMissing(true)
	db, err := grocksdb.OpenDb(options, filepath.Join(dir, "db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := db.Put(grocksdb.NewDefaultWriteOptions(), []byte("key"), []byte("value")); err != nil {
		log.Fatal(err)
	}
	v, err := db.Get(grocksdb.NewDefaultReadOptions(), []byte("key"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("RocksDB has %s\n", v.Data())
}
