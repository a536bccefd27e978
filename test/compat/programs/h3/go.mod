module example.com/h3

go 1.25

require github.com/uber/h3-go/v4 v4.1.0
