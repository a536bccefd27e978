module example.com/glfw

go 1.25

require github.com/go-gl/glfw/v3.3/glfw v0.0.0-20260823155953-d41da22a9587
