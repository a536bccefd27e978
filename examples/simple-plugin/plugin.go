// Package simple is a plugin that an application needs only to import.
package simple

import "fmt"

func init() {
	fmt.Println("simple plugin")
}
