// SPDX-License-Identifier: MIT

// A server of HTTP as one writes it in Go: see bench_http.c.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
)

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Hello, %s!\n", "you")
}

func main() {
	folder := http.Dir(os.Getenv("BENCH_FOLDER"))
	certificate := os.Getenv("BENCH_CERTIFICATE")
	http.HandleFunc("/hello", hello)
	http.Handle("/files/", http.StripPrefix("/files/", http.FileServer(folder)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Printf("tcp://%s\n", listener.Addr())
		// Without HTTP/2, which the client does not speak.
		server := http.Server{TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
		if certificate == "" {
			err = server.Serve(listener)
		} else {
			err = server.ServeTLS(listener, certificate, os.Getenv("BENCH_KEY"))
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
