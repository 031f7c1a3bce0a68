// The reference workload in Go: a goroutine per request, in virtual time.
//
// One goroutine runs at a time. A goroutine that has to wait puts its wake-up into a heap, takes the earliest wake-up out of it and hands
// over to that goroutine, each by a channel of its own. So there is one switch of goroutines per operation, where a scheduler that was a
// goroutine itself would need two, and none if a goroutine's own wake-up is the next. It runs on one processor (GOMAXPROCS 1), which is
// faster here than on several, as no other goroutine ever has anything to do. A cancel sets a flag; a context would cost more. The heap is
// 4-ary and typed, as in bare.cpp, since container/heap is slower. Draws are math/rand's, with a source of its own and no lock.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"runtime"
	"sort"
	"time"
)

const (
	operations        = 8
	sigma             = 0.6
	medianNs          = 2e9
	cancelProbability = 0.3
	cancelWithinNs    = 16e9
)

type request struct {
	wake        chan struct{}
	cancelSent  int64
	isCancelled bool
}

// What is due: the wake-up of a goroutine, or the sending of a cancel.
type event struct {
	due      int64
	of       *request
	isCancel bool
}

type eventHeap []event

func (h *eventHeap) push(e event) {
	*h = append(*h, e)
	events := *h
	hole := len(events) - 1
	for hole > 0 {
		parent := (hole - 1) / 4
		if events[parent].due <= e.due {
			break
		}
		events[hole] = events[parent]
		hole = parent
	}
	events[hole] = e
}

func (h *eventHeap) pop() event {
	events := *h
	top := events[0]
	end := len(events) - 1
	last := events[end]
	events[end] = event{}
	events = events[:end]
	*h = events
	if end == 0 {
		return top
	}
	hole := 0
	for {
		child := 4*hole + 1
		if child >= end {
			break
		}
		least := child
		for other := child + 1; other < child+4 && other < end; other++ {
			if events[other].due < events[least].due {
				least = other
			}
		}
		if events[least].due >= last.due {
			break
		}
		events[hole] = events[least]
		hole = least
	}
	events[hole] = last
	return top
}

type world struct {
	now       int64
	events    eventHeap
	draws     *rand.Rand
	done      chan struct{}
	latencies []int64
	planned   int64
	used      int64
	inFlight  int
	peak      int
}

func (w *world) duration() int64 {
	return int64(medianNs*math.Exp(sigma*w.draws.NormFloat64()) + 0.5)
}

// Sends the cancels that are due, until it is a goroutine's turn; nil if nothing is left.
func (w *world) next() *request {
	for len(w.events) > 0 {
		e := w.events.pop()
		w.now = e.due
		if !e.isCancel {
			return e.of
		}
		e.of.isCancelled = true
		e.of.cancelSent = e.due
	}
	return nil
}

func (w *world) sleep(r *request, duration int64) {
	w.events.push(event{due: w.now + duration, of: r})
	if next := w.next(); next != r {
		next.wake <- struct{}{}
		<-r.wake
	}
}

// To be called by a goroutine that ends.
func (w *world) handOver() {
	if next := w.next(); next != nil {
		next.wake <- struct{}{}
	} else {
		close(w.done)
	}
}

// Started with its first operation in progress.
func (w *world) runRequest(r *request, duration int64) {
	<-r.wake
	used := duration
	operation := 1
	for !r.isCancelled && operation < operations {
		duration = w.duration()
		w.sleep(r, duration)
		used += duration
		operation++
	}
	w.used += used
	w.planned += used
	if r.isCancelled {
		w.latencies = append(w.latencies, w.now-r.cancelSent)
		for ; operation < operations; operation++ {
			w.planned += w.duration()
		}
	}
	w.inFlight--
	w.handOver()
}

func (w *world) arrivals(requests int, meanGapNs float64) {
	self := &request{wake: make(chan struct{})}
	for i := 0; i < requests; i++ {
		w.sleep(self, int64(w.draws.ExpFloat64()*meanGapNs+0.5))
		r := &request{wake: make(chan struct{})}
		if w.draws.Float64() < cancelProbability {
			w.events.push(event{due: w.now + int64(w.draws.Float64()*cancelWithinNs+0.5), of: r, isCancel: true})
		}
		duration := w.duration()
		w.events.push(event{due: w.now + duration, of: r})
		w.inFlight++
		if w.inFlight > w.peak {
			w.peak = w.inFlight
		}
		go w.runRequest(r, duration)
	}
	w.handOver()
}

func (w *world) print(requests int, started time.Time) {
	sort.Slice(w.latencies, func(i, j int) bool { return w.latencies[i] < w.latencies[j] })
	n := len(w.latencies)
	percentile := func(p int) float64 { return float64(w.latencies[(p*n+99)/100-1]) / 1e9 }
	var sum int64
	for _, latency := range w.latencies {
		sum += latency
	}
	mean := float64(sum) / float64(n)
	var squares float64
	for _, latency := range w.latencies {
		squares += (float64(latency) - mean) * (float64(latency) - mean)
	}
	stddev := math.Sqrt(squares / float64(n-1))
	p50, p99 := percentile(50), percentile(99)
	seconds := time.Since(started).Seconds()
	fmt.Printf("{\"requests\": %d, \"cancelled\": %d, \"latency_mean_s\": %g, \"latency_stddev_s\": %g, \"latency_p50_s\": %g, "+
		"\"latency_p99_s\": %g, \"planned_s\": %.9f, \"used_s\": %.9f, \"saved_s\": %.9f, \"peak_in_flight\": %d, \"seconds\": %.9f}\n",
		requests, n, mean/1e9, stddev/1e9, p50, p99, float64(w.planned)/1e9, float64(w.used)/1e9,
		float64(w.planned-w.used)/1e9, w.peak, seconds)
}

func main() {
	requests := flag.Int("requests", 100000, "how many arrive")
	inFlight := flag.Int("in-flight", 2000, "about so many at a time")
	seed := flag.Int64("seed", 1, "of all draws")
	flag.Parse()
	if flag.NArg() > 0 || *requests < 1 || *inFlight < 1 {
		flag.Usage()
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	w := &world{draws: rand.New(rand.NewSource(*seed)), done: make(chan struct{})}
	started := time.Now()
	go w.arrivals(*requests, 20e9/float64(*inFlight))
	<-w.done
	w.print(*requests, started)
}
