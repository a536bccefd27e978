module example.com/image-server

go 1.26

require example.com/api v0.0.0

replace example.com/api => ../api
