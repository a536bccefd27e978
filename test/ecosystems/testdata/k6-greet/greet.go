// Package greet is an extension of k6: import greet from "k6/x/greet".
package greet

import (
	"strings"

	"go.k6.io/k6/js/modules"
)

func init() { modules.Register("k6/x/greet", new(root)) }

type root struct{}

// NewModuleInstance is called for each virtual user.
func (*root) NewModuleInstance(vu modules.VU) modules.Instance { return instance{vu} }

type instance struct{ vu modules.VU }

// Exports are what scripts see.
func (i instance) Exports() modules.Exports {
	return modules.Exports{Default: map[string]any{"greet": i.greet}}
}

func (i instance) greet(name string) string {
	if i.vu.State() == nil {
		return "too early, " + name
	}
	return "hello " + strings.ToUpper(name)
}
