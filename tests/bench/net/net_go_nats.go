// SPDX-License-Identifier: MIT

// A worker of nats.go.  See bench_nats.c.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/nats-io/nats.go"
)

func main() {
	url := "nats://127.0.0.1:" + os.Getenv("BENCH_PORT")
	n, _ := strconv.Atoi(os.Getenv("BENCH_SUBJECTS"))
	connection, err := nats.Connect(url)
	if err != nil {
		log.Fatal(err)
	}
	answer := []byte("Hello, you!\n")
	for i := 0; i < n; i++ {
		_, err = connection.QueueSubscribe("s"+strconv.Itoa(i), "gruvid",
			func(message *nats.Msg) { message.Respond(answer) })
		if err != nil {
			log.Fatal(err)
		}
	}
	connection.Flush()
	fmt.Println(url)
	if inWork, _ := strconv.Atoi(os.Getenv("BENCH_WORK")); inWork > 0 {
		work(connection, inWork)
	}
	select {}
}

// Durable messages, in batches.
func work(connection *nats.Conn, inWork int) {
	stream, err := connection.JetStream()
	if err != nil {
		log.Fatal(err)
	}
	subscription, err := stream.PullSubscribe("work", "w", nats.Bind("WORK", "w"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		messages, err := subscription.Fetch(inWork)
		if err != nil && err != nats.ErrTimeout {
			log.Fatal(err)
		}
		for _, message := range messages {
			message.Ack()
		}
	}
}
