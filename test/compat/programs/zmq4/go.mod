module example.com/zmq4

go 1.25

require github.com/pebbe/zmq4 v1.4.0
