// Fitz opens a document of one page with MuPDF.
package main

import (
	"fmt"
	"log"

	"github.com/gen2brain/go-fitz"
)

func main() {
	doc, err := fitz.NewFromMemory([]byte("<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'></svg>"))
	if err != nil {
		log.Fatal(err)
	}
	defer doc.Close()
	fmt.Println("MuPDF", fitz.FzVersion, "pages", doc.NumPage())
}
