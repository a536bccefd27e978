// Godror looks for Oracle's client library, which is never packaged, by dlopen.
package main

import (
	"database/sql"
	"fmt"
	"log"

	_ "github.com/godror/godror"
)

func main() {
	db, err := sql.Open("godror", `user="u" password="p" connectString="localhost/x"`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(db.Ping())
}
