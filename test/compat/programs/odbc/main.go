// Odbc connects with a driver that is not installed.
package main

import (
	"database/sql"
	"fmt"
	"log"

	_ "github.com/alexbrainman/odbc"
)

func main() {
	db, err := sql.Open("odbc", "driver=none")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(db.Ping())
}
