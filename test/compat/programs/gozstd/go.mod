module example.com/gozstd

go 1.25

require github.com/valyala/gozstd v1.27.0
