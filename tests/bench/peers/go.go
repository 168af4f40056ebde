// SPDX-License-Identifier: MIT

// What our benchmarks measure, with goroutines.  GOMAXPROCS says how many
// processors take part.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func report(figure string, value float64) {
	fmt.Printf("%s=%.3f\n", figure, value)
}

func check(good bool, what string) {
	if !good {
		fmt.Fprintf(os.Stderr, "bench: %s has failed\n", what)
		os.Exit(1)
	}
}

func reportTime(begin time.Time, n int) {
	report("ns", float64(time.Since(begin).Nanoseconds())/float64(n))
}

// Nanoseconds of processor that the process has used.
func cpu() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil, "getrusage")
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

type memory struct{ rss, pageTables, addressSpace float64 }

func memoryNow() (m memory) {
	status, err := os.Open("/proc/self/status")
	check(err == nil, "/proc/self/status")
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(words[1], 64)
		switch words[0] {
		case "VmRSS:":
			m.rss = kb * 1024
		case "VmPTE:":
			m.pageTables = kb * 1024
		case "VmSize:":
			m.addressSpace = kb * 1024
		}
	}
	return m
}

// --- yields, three calls deep, an error check after each ---

//go:noinline
func evenInner(n int) int {
	runtime.Gosched()
	if n < 0 {
		return n
	}
	return n&1023 + 1
}

//go:noinline
func evenMiddle(n int) int {
	if n = evenInner(n); n < 0 {
		return n
	}
	return n + 2
}

//go:noinline
func evenOuter(n int) int {
	if n = evenMiddle(n); n < 0 {
		return n
	}
	return n + 3
}

//go:noinline
func oddInner(n int) int {
	runtime.Gosched()
	if n < 0 {
		return n
	}
	return n&1023 + 7
}

//go:noinline
func oddMiddle(n int) int {
	if n = oddInner(n); n < 0 {
		return n
	}
	return n + 14
}

//go:noinline
func oddOuter(n int) int {
	if n = oddMiddle(n); n < 0 {
		return n
	}
	return n + 21
}

var (
	begun, ended int
	begin        time.Time
)

func started() {
	if begun == 0 {
		begin = time.Now()
	}
	begun++
}

func even(rounds int) {
	n := evenOuter(evenOuter(0))
	started()
	for i := 0; i < rounds; i++ {
		n = evenOuter(n)
	}
	check(n >= 0, "a yield")
	ended++
}

func odd(rounds int) {
	n := oddOuter(oddOuter(0))
	started()
	for i := 0; i < rounds; i++ {
		n = oddOuter(n)
	}
	check(n >= 0, "a yield")
	ended++
}

func isOdd(i int) bool {
	return uint32(i)*2654435761>>13&1 != 0
}

func benchYields(n, count int, mixed bool) {
	var group sync.WaitGroup
	rounds := count / n
	if rounds < 1 {
		rounds = 1
	}
	var last time.Time
	group.Add(n)
	for i := 0; i < n; i++ {
		kind := even
		if mixed && isOdd(i) {
			kind = odd
		}
		go func() {
			kind(rounds)
			if ended == n {
				last = time.Now()
			}
			group.Done()
		}()
	}
	group.Wait()
	report("ns", float64(last.Sub(begin).Nanoseconds())/float64(n*rounds))
}

func benchYield(n, count int) { benchYields(n, count, false) }
func benchMixed(n, count int) { benchYields(n, count, true) }

// --- spawn and join ---

func empty(group *sync.WaitGroup) { group.Done() }

func spawnBatch(n int) {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go empty(&group)
	}
	group.Wait()
}

func benchSpawn(n, count int) {
	spawnBatch(1)
	begin := time.Now()
	for i := 0; i < count; i++ {
		spawnBatch(1)
	}
	reportTime(begin, count)
}

func benchBatch(n, count int) {
	spawnBatch(n)
	batches := count / n
	if batches < 1 {
		batches = 1
	}
	begin := time.Now()
	for i := 0; i < batches; i++ {
		spawnBatch(n)
	}
	reportTime(begin, n*batches)
}

func benchCold(n, count int) {
	begin := time.Now()
	spawnBatch(n)
	reportTime(begin, n)
}

// --- goroutines that wait ---

func benchPark(n, count int) {
	goOn := make(chan struct{})
	var parked, ended sync.WaitGroup
	before := memoryNow()
	begin := cpu()
	parked.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			parked.Done()
			<-goOn
			ended.Done()
		}()
	}
	parked.Wait()
	runtime.Gosched() // the last one has to get to its channel
	each := float64(n)
	report("create_ns", (cpu()-begin)/each)
	after := memoryNow()
	report("rss_bytes", (after.rss-before.rss)/each)
	report("page_table_bytes", (after.pageTables-before.pageTables)/each)
	report("address_space_bytes", (after.addressSpace-before.addressSpace)/each)
	begin = cpu()
	close(goOn)
	ended.Wait()
	report("finish_ns", (cpu()-begin)/each)
}

func benchSleep(n, count int) {
	var group sync.WaitGroup
	wakes, isOver := 0, false // by one processor only
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			for !isOver {
				time.Sleep(time.Duration(1+rand.Intn(10)) * time.Millisecond)
				wakes++
			}
			group.Done()
		}()
	}
	for wakes < n {
		time.Sleep(time.Millisecond)
	}
	wakes = 0
	begin := cpu()
	time.Sleep(time.Duration(count) * time.Millisecond)
	report("wakes_per_cpu_s", float64(wakes)/(cpu()-begin)*1e9)
	isOver = true
	group.Wait()
}

// --- timers ---

func armAndCancel(n, count int, timeout time.Duration) {
	others := make([]*time.Timer, n)
	for i := range others {
		others[i] = time.AfterFunc(
			time.Duration(60000+rand.Intn(60000))*time.Millisecond, func() {})
	}
	timer := time.AfterFunc(timeout, func() {})
	timer.Stop()
	begin := time.Now()
	for i := 0; i < count; i++ {
		timer.Reset(timeout)
		timer.Stop()
	}
	reportTime(begin, count)
	runtime.KeepAlive(others)
}

func benchTimer(n, count int)      { armAndCancel(n, count, 90*time.Second) }
func benchTimerFirst(n, count int) { armAndCancel(n, count, 30*time.Second) }

// --- waiting for each other ---

// There are several threads in any process of Go.
func benchLock(n, count int) {
	var mutex sync.Mutex
	begin := time.Now()
	for i := 0; i < count; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	reportTime(begin, count)
}

// Where threads is true, either side keeps a thread for itself.
func pingPong(ping, pong chan int, count int, threads bool) {
	done := make(chan bool)
	begin := time.Now()
	go func() {
		if threads {
			runtime.LockOSThread()
		}
		for i := 0; i < count/2; i++ {
			<-ping
			pong <- i
		}
		close(done)
	}()
	if threads {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	for i := 0; i < count/2; i++ {
		ping <- i
		<-pong
	}
	<-done
	reportTime(begin, count)
}

func benchEvent(n, count int) {
	pingPong(make(chan int), make(chan int), count, false)
}

func benchQueue(n, count int) {
	pingPong(make(chan int, 128), make(chan int, 128), count, false)
}

func benchEventHubs(n, count int) {
	pingPong(make(chan int), make(chan int), count, true)
}

func benchQueueHubs(n, count int) {
	pingPong(make(chan int, 128), make(chan int, 128), count, true)
}

func benchPost(n, count int) {
	channel := make(chan int, 1024)
	each := count / n
	begin := time.Now()
	for p := 0; p < n; p++ {
		go func() {
			for i := 0; i < each; i++ {
				channel <- i
			}
		}()
	}
	for i := 0; i < n*each; i++ {
		<-channel
	}
	reportTime(begin, n*each)
}

// Go has no callbacks for another goroutine: what waits in a channel is read.
func benchBacklog(n, count int) {
	channel := make(chan int, n)
	times := count / n
	if times < 1 {
		times = 1
	}
	var begin time.Time
	for i := 0; i <= times; i++ { // the first time is not measured
		if i == 1 {
			begin = time.Now()
		}
		for k := 0; k < n; k++ {
			channel <- k
		}
		for k := 0; k < n; k++ {
			<-channel
		}
	}
	reportTime(begin, n*times)
}

var commands = map[string]func(n, count int){
	"yield": benchYield, "mixed": benchMixed, "spawn": benchSpawn,
	"batch": benchBatch, "cold": benchCold, "park": benchPark,
	"sleep": benchSleep, "timer": benchTimer, "timer_first": benchTimerFirst,
	"lock": benchLock, "event": benchEvent, "queue": benchQueue,
	"event_hubs": benchEventHubs, "queue_hubs": benchQueueHubs,
	"post": benchPost, "backlog": benchBacklog,
}

func main() {
	if len(os.Args) == 4 {
		n, bad := strconv.Atoi(os.Args[2])
		count, worse := strconv.Atoi(os.Args[3])
		run := commands[os.Args[1]]
		if run != nil && bad == nil && worse == nil && n >= 0 && count > 0 {
			run(n, count)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: go COMMAND N COUNT")
	os.Exit(2)
}
