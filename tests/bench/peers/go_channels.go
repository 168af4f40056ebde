// SPDX-License-Identifier: MIT

// What bench_sync measures, with Go's channels and mutex.
//
//	go_channels           a ping-pong, a producer and its consumer, a mutex
//	go_channels threads   also four producers, and a ping-pong between two
//	                      threads, as between two hubs
//
// GOMAXPROCS says how many processors take part.  Prints name=nanoseconds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	locks    = 20000000
	messages = 2000000
	crossing = 100000
	room     = 1024
)

func report(name string, begin time.Time, n int) {
	ns := float64(time.Since(begin).Nanoseconds())
	fmt.Printf("%s_ns=%.2f\n", name, ns/float64(n))
}

// Where threads is true, either side keeps a thread for itself.
func pingPong(name string, n int, threads bool) {
	ping, pong := make(chan int), make(chan int)
	done := make(chan bool)
	begin := time.Now()
	go func() {
		if threads {
			runtime.LockOSThread()
		}
		for i := 0; i < n/2; i++ {
			<-ping
			pong <- i
		}
		close(done)
	}()
	if threads {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	for i := 0; i < n/2; i++ {
		ping <- i
		<-pong
	}
	<-done
	report(name, begin, n)
}

func produce(name string, producers int) {
	channel := make(chan int, room)
	begin := time.Now()
	for p := 0; p < producers; p++ {
		go func() {
			for i := 0; i < messages/producers; i++ {
				channel <- i
			}
		}()
	}
	for i := 0; i < messages; i++ {
		<-channel
	}
	report(name, begin, messages)
}

func lockUnlock() {
	var mutex sync.Mutex

	begin := time.Now()
	for i := 0; i < locks; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	report("mutex", begin, locks)
}

func main() {
	threads := len(os.Args) == 2 && os.Args[1] == "threads"
	if len(os.Args) > 1 && !threads {
		fmt.Fprintln(os.Stderr, "usage: go_channels [threads]")
		os.Exit(2)
	}
	lockUnlock()
	pingPong("unbuffered_ping_pong", messages, false)
	produce("produce_1", 1)
	if threads {
		produce("produce_4", 4)
		pingPong("threads_ping_pong", crossing, true)
	}
}
