// Package plugin is a plugin for hello: it knows a gopher.
package plugin

// Name is what hello calls.
func Name() string { return "gopher" }
