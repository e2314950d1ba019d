// Package subject is what make bench puts under load, each in a process of its
// own: satcap's engine on either database, the transaction that platforms run
// today, and Redis. It has the load too where there is no RPC in between: the
// callers then are goroutines beside the engine or the client.
package subject

import (
	"context"
	"crypto/md5"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"
)

// Subject is something that holds amounts against keys. Its methods are safe for
// concurrent use.
type Subject interface {
	// Hold holds 1 sat against a key under a name that was not used before.
	Hold(ctx context.Context, key Key, name string) error
	// Close gives everything back.
	Close() error
}

// Reader is a subject that says what was spent.
type Reader interface {
	// Usage reads the sums of a key.
	Usage(ctx context.Context, key Key) error
}

// Batcher is a subject that makes many holds at once.
type Batcher interface {
	// HoldAll makes holds, each on its key and under its name.
	HoldAll(ctx context.Context, keys []Key, names []string) error
}

// Settler is a subject that settles what it holds.
type Settler interface {
	Batcher
	// Settle settles a hold in full.
	Settle(ctx context.Context, key Key, name string) error
}

// Key is the id of a key.
type Key [16]byte

// UUID is the id as the API writes it.
func (k Key) UUID() string { return uuid.UUID(k).String() }

// Keys is a set of keys that SQL can compute too: the id of each is the MD5 of
// the prefix and its number, from 0.
type Keys struct {
	// Prefix is what their ids are made from.
	Prefix string
	// Count is how many there are.
	Count int
}

// At is the key with a number.
func (k Keys) At(i int) Key { return md5.Sum(fmt.Append(nil, k.Prefix, i)) }

// All lists the keys.
func (k Keys) All() []Key {
	all := make([]Key, k.Count)
	for i := range all {
		all[i] = k.At(i)
	}
	return all
}

// Spec names a subject and where it finds its database.
type Spec struct {
	// Kind is satcap, incumbent or redis.
	Kind string
	// SQLite is the path of a file, Postgres a URL, Redis an address; satcap takes
	// one of the first two.
	SQLite, Postgres, Redis string
}

// Open makes the subject that s names.
func Open(ctx context.Context, s Spec) (Subject, error) {
	switch s.Kind {
	case "satcap":
		return openEngine(ctx, s)
	case "incumbent":
		return openIncumbent(ctx, s)
	case "redis":
		return openRedis(ctx, s)
	}
	return nil, fmt.Errorf("no subject %q", s.Kind)
}

// newName is a random name, as the UUIDs are that callers use: the worst case
// for an index.
func newName() string { return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) }
