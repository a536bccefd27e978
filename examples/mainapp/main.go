// Command mainapp is an application that knows nothing of its plugins.
package main

import "fmt"

func main() {
	fmt.Println("main app")
}
