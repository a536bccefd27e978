module example.com/webp

go 1.25

require github.com/chai2010/webp v1.4.0
