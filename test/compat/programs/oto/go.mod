module example.com/oto

go 1.25

require github.com/ebitengine/oto/v3 v3.4.0

require (
	github.com/ebitengine/purego v0.9.0 // indirect
	golang.org/x/sys v0.36.0 // indirect
)
