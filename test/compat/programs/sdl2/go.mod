module example.com/sdl2

go 1.25

require github.com/veandco/go-sdl2 v0.4.39
