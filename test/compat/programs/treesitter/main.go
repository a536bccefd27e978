// Treesitter parses a line of Go.
package main

import (
	"context"
	"fmt"
	"log"

	sitter "github.com/smacker/go-tree-sitter"
	"github.com/smacker/go-tree-sitter/golang"
)

func main() {
	p := sitter.NewParser()
	p.SetLanguage(golang.GetLanguage())
	tree, err := p.ParseCtx(context.Background(), nil, []byte("package main"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tree.RootNode())
}
