// Failed attempts, counted per client address.

package auth

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	// failureBurst is how many wrong proofs an address may send at once, and
	// failureEvery how fast it gets more.
	failureBurst = 20
	failureEvery = time.Second
	// failureAddresses bounds how many addresses are remembered.
	failureAddresses = 50_000
)

// Failures counts wrong proofs per client address.
type Failures struct {
	now func() time.Time

	mu        sync.Mutex
	addresses *simplelru.LRU[netip.Prefix, *rate.Limiter]
}

// NewFailures counts from now on.
func NewFailures(now func() time.Time) *Failures {
	addresses, err := simplelru.NewLRU[netip.Prefix, *rate.Limiter](failureAddresses, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Failures{now: now, addresses: addresses}
}

// Exhausted says whether the address has sent too much that was wrong. What it
// sends is then judged as [Exhausted] says.
func (f *Failures) Exhausted(address netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	limiter, ok := f.addresses.Get(network(address))
	return ok && limiter.TokensAt(f.now()) < 1
}

// Refuse notes a wrong proof and returns what to answer it with:
// [ErrUnauthenticated], or [ErrTooManyFailures] if there were too many before it.
func (f *Failures) Refuse(address netip.Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	limiter, ok := f.addresses.Get(network(address))
	if !ok {
		limiter = rate.NewLimiter(rate.Every(failureEvery), failureBurst)
		f.addresses.Add(network(address), limiter)
	}
	if !limiter.AllowN(f.now(), 1) {
		return ErrTooManyFailures
	}
	return ErrUnauthenticated
}

// network is what counts as one client: an IPv4 address, or the /64 that an
// IPv6 host can choose its address from.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// Exhausted says whether a sender has been wrong too often by now: then only
// what can be judged without asking the database, or was good not long ago, is
// looked at. Nil: it has not.
type Exhausted func() bool

func (e Exhausted) now() bool { return e != nil && e() }
