// Pam starts a transaction of a service that nobody has configured.
package main

import (
	"errors"
	"fmt"

	"github.com/msteinert/pam/v2"
)

func main() {
	tx, err := pam.StartFunc("graft-test", "nobody", func(pam.Style, string) (string, error) {
		return "", errors.New("nobody to ask")
	})
	if err != nil {
		fmt.Println("PAM refuses:", err)
		return
	}
	defer tx.End()
	user, err := tx.GetItem(pam.User)
	fmt.Println("PAM has user", user, err)
}
