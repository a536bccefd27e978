// Pkcs11 opens a module that is not there, by dlopen.
package main

import (
	"fmt"

	"github.com/miekg/pkcs11"
)

func main() {
	if pkcs11.New("/no/such/module.so") == nil {
		fmt.Println("no module,", pkcs11.Error(pkcs11.CKR_PIN_INCORRECT))
	}
}
