// The cancel in real time, in Go: a goroutine per request waits in a select for its operation's end, a timer hours ahead, or its context's
// cancel, and sends its terminal reply on a channel. A caller cancels one request a millisecond and waits for the reply.
//
//	go run realtime.go --in-flight 100000 --cancels 5000 [--threads]
//
// --threads locks the caller to a thread of its own, so that a cancel crosses threads as it does in the other programs. Without, the
// runtime may well run the caller and the request on one thread, one after the other.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"sort"
	"syscall"
	"time"
)

const operation = 4 * time.Hour

type reply struct {
	request   int
	cancelled bool
}

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

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func idleShare(idle time.Duration) float64 {
	before, began := cpuTime(), time.Now()
	time.Sleep(idle)
	return float64(cpuTime()-before) / float64(time.Since(began))
}

func quantile(sorted []float64, q float64) float64 {
	return sorted[int(q*float64(len(sorted)-1))]
}

func main() {
	inFlight := flag.Int("in-flight", 100000, "requests in flight")
	cancels := flag.Int("cancels", 5000, "cancels, one a millisecond")
	idle := flag.Float64("idle-seconds", 2, "seconds for which nothing happens, to see what that costs")
	threads := flag.Bool("threads", false, "the caller has a thread of its own")
	flag.Parse()
	if *cancels < 1 || *cancels > *inFlight {
		panic("at least one cancel, and no more than requests")
	}

	before := memory()
	replies := make(chan reply)
	cancelOf := make([]context.CancelFunc, *inFlight)
	for n := range cancelOf {
		ctx, cancel := context.WithCancel(context.Background())
		cancelOf[n] = cancel
		go request(ctx, n, replies)
	}
	time.Sleep(200 * time.Millisecond) // until all have reached their select
	bytes := float64(memory()-before) / float64(*inFlight)
	idleCoreShare := idleShare(time.Duration(*idle * float64(time.Second)))

	latencies := make([]float64, *cancels)
	lateness := make([]float64, *cancels)
	done := make(chan struct{})
	go func() {
		if *threads {
			runtime.LockOSThread()
		}
		due := time.Now()
		for i := range latencies {
			due = due.Add(time.Millisecond)
			time.Sleep(time.Until(due))
			sent := time.Now()
			cancelOf[i]()
			answer := <-replies
			latencies[i] = float64(time.Since(sent).Nanoseconds()) / 1e3
			lateness[i] = float64(sent.Sub(due).Nanoseconds()) / 1e3
			if answer.request != i || !answer.cancelled {
				panic("the reply is not that of the request cancelled")
			}
		}
		close(done)
	}()
	<-done
	sort.Float64s(latencies)
	sort.Float64s(lateness)
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"program": "go", "version": runtime.Version(), "in_flight": *inFlight, "cancels": *cancels,
		"p50_us": quantile(latencies, 0.5), "p99_us": quantile(latencies, 0.99), "max_us": latencies[len(latencies)-1],
		"caller_late_p50_us": quantile(lateness, 0.5), "bytes_per_request_in_flight": bytes, "idle_core_share": idleCoreShare,
	})
	if err != nil {
		panic(err)
	}
}
