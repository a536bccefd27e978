// Command hello greets whom its plugins know.
package main

import "fmt"

// plugins are the functions that graft registers, one of each plugin.
var plugins []func() string

func main() {
	fmt.Println("hello, world")
	for _, name := range plugins {
		fmt.Println("hello,", name())
	}
}
