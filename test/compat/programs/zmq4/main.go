// Zmq4 sends a message from one socket to another inside the process.
package main

import (
	"fmt"
	"log"

	"github.com/pebbe/zmq4"
)

func main() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	in, err := zmq4.NewSocket(zmq4.PAIR)
	check(err)
	check(in.Bind("inproc://answer"))
	out, err := zmq4.NewSocket(zmq4.PAIR)
	check(err)
	check(out.Connect("inproc://answer"))
	_, err = out.Send("hello", 0)
	check(err)
	said, err := in.Recv(0)
	check(err)
	major, _, _ := zmq4.Version()
	fmt.Printf("ZeroMQ %d says %s\n", major, said)
}
