// Pcap compiles a filter. For Windows the module has no C and opens Npcap's library, which
// is seldom there.
package main

import (
	"fmt"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"
)

func main() {
	filter, err := pcap.CompileBPFFilter(layers.LinkTypeEthernet, 1600, "tcp port 80")
	if err != nil {
		fmt.Println("pcap:", err)
		return
	}
	fmt.Println("filter of", len(filter), "instructions")
}
