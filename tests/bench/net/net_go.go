// SPDX-License-Identifier: MIT

// An echo server as one writes it in Go.
package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// Four threads at most block at a time, as with the others.
var threads = make(chan bool, 4)

func block() {
	threads <- true
	syscall.Nanosleep(&syscall.Timespec{Nsec: 5000000}, nil)
	<-threads
}

func echo(connection net.Conn) {
	defer connection.Close()
	buf := make([]byte, 16384)
	for {
		n, err := connection.Read(buf)
		if err != nil {
			return
		}
		if buf[0] == 'b' {
			block()
		}
		if _, err = connection.Write(buf[:n]); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("tcp://%s\n", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go echo(connection)
	}
}
