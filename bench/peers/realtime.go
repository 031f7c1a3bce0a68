// The cancel in real time, in Go: a goroutine per request waits in a select for its operation's end, a timer hours ahead, or its context's
// cancel, and sends its terminal reply on a channel. A caller cancels one request a millisecond.
//
//	go run realtime.go [--in-flight 100000] [--cancels 5000] [--received-by thread|goroutine|caller] [--idle-seconds 2]
//
// Who receives the replies: "caller", the goroutine that cancels, after each cancel; "goroutine", one that does nothing else; "thread",
// likewise, but both have a thread of their own. Unless they have, the runtime may run the caller, the request and the receiver on one
// thread, one after the other, and does.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const operation = 4 * time.Hour

type reply struct {
	request   int
	cancelled bool
}

type sample struct{ due, sent, received time.Time }

func request(ctx context.Context, number int, replies chan<- reply) {
	timer := time.NewTimer(operation)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		replies <- reply{number, true}
	case <-timer.C:
		replies <- reply{number, false}
	}
}

func residentBytes() float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(statm))[1], 64)
	if err != nil {
		panic(err)
	}
	return pages * float64(os.Getpagesize())
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func idleCoreShare(idle time.Duration) float64 {
	if idle <= 0 {
		return 0
	}
	before, began := cpuTime(), time.Now()
	time.Sleep(idle)
	return float64(cpuTime()-before) / float64(time.Since(began))
}

func quantile(values []float64, q float64) float64 {
	sort.Float64s(values)
	return values[int(q*float64(len(values)-1))]
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func main() {
	inFlight := flag.Int("in-flight", 100000, "requests in flight")
	cancels := flag.Int("cancels", 5000, "cancels, one a millisecond")
	receivedBy := flag.String("received-by", "thread", "thread, goroutine or caller")
	idle := flag.Float64("idle-seconds", 2, "seconds for which nothing happens, to see what that costs")
	flag.Parse()
	if *cancels < 1 || *cancels > *inFlight {
		panic("at least one cancel, and no more than requests")
	}

	before := residentBytes()
	replies := make(chan reply)
	cancelOf := make([]context.CancelFunc, *inFlight)
	for n := range cancelOf {
		ctx, cancel := context.WithCancel(context.Background())
		cancelOf[n] = cancel
		go request(ctx, n, replies)
	}
	time.Sleep(200 * time.Millisecond) // until all have reached their select
	bytes := (residentBytes() - before) / float64(*inFlight)
	idleShare := idleCoreShare(time.Duration(*idle * float64(time.Second)))

	samples := make([]sample, *cancels)
	var seen int64
	victim := func(i int) int { return i * 7919 % *inFlight }
	receive := func(i int) {
		answer := <-replies
		samples[i].received = time.Now()
		if answer.request != victim(i) || !answer.cancelled {
			panic("the reply is not that of the request cancelled")
		}
		atomic.StoreInt64(&seen, int64(i+1))
	}
	called, received := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(called)
		if *receivedBy == "thread" {
			runtime.LockOSThread()
		}
		due := time.Now()
		for i := range samples {
			due = due.Add(time.Millisecond)
			time.Sleep(time.Until(due))
			for atomic.LoadInt64(&seen) < int64(i) {
				runtime.Gosched()
			}
			samples[i].due, samples[i].sent = due, time.Now()
			cancelOf[victim(i)]()
			if *receivedBy == "caller" {
				receive(i)
			}
		}
	}()
	go func() {
		defer close(received)
		if *receivedBy == "caller" {
			return
		}
		if *receivedBy == "thread" {
			runtime.LockOSThread()
		}
		for i := range samples {
			receive(i)
		}
	}()
	<-called
	<-received

	latency, late := make([]float64, *cancels), make([]float64, *cancels)
	for i, s := range samples {
		latency[i], late[i] = microseconds(s.received.Sub(s.sent)), microseconds(s.sent.Sub(s.due))
	}
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"program": "go", "version": runtime.Version(), "in_flight": *inFlight, "cancels": *cancels, "received_by": *receivedBy,
		"p50_us": quantile(latency, 0.5), "p99_us": quantile(latency, 0.99), "max_us": quantile(latency, 1),
		"caller_late_p50_us": quantile(late, 0.5), "bytes_per_request_in_flight": bytes, "idle_core_share": idleShare,
	})
	if err != nil {
		panic(err)
	}
}
