// Package greeting is what the handler needs beside Caddy: a replace line of its go.mod says
// where it is.
package greeting

// Word opens a greeting.
const Word = "hello"
