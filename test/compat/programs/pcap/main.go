// Pcap compiles a filter and asks libpcap for its version.
package main

import (
	"fmt"
	"log"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"
)

func main() {
	fmt.Println(pcap.Version())
	filter, err := pcap.CompileBPFFilter(layers.LinkTypeEthernet, 1600, "tcp port 80")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("filter of", len(filter), "instructions")
}
