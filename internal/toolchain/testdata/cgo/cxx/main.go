// Cxx is a C++ program with exceptions, threads and streams.
package main

// int sum(int);
import "C"

import "fmt"

func main() { fmt.Println(int(C.sum(41))) }
