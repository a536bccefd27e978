module example.com/malgo

go 1.25

require github.com/gen2brain/malgo v0.11.24
