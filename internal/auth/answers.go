// What the database says of a proof: kept for a moment, asked once for all who
// want to know, and by strangers only a few at a time.

package auth

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"
)

const (
	// knownFor is how long an answer of the database is used again: a key that
	// is paused, revoked or rotated is refused on every server within a second.
	knownFor = 800 * time.Millisecond
	// keepable is how long the database may take for an answer that is used
	// again: one that took longer is old already.
	keepable = time.Second - knownFor
	// knownMost bounds how many answers are kept, those of unknown proofs too.
	knownMost = 100_000
	// trustedFor and trustedMost bound what is remembered of good answers.
	trustedFor  = 10 * time.Minute
	trustedMost = knownMost
	// askFor bounds one question to the database, and the wait before it.
	askFor = 5 * time.Second
	// strangersAtOnce is how many questions about proofs that were not good
	// lately may be under way: a flood of them leaves the connections of the
	// database to those who spend.
	strangersAtOnce = 4
)

// ErrBusy: too many proofs that nobody knows are being looked up.
var ErrBusy = errors.New("auth: too many unknown credentials at once")

// answers is what is known of proofs, each by a name that is not secret.
type answers[T any] struct {
	known *expirable.LRU[string, *T] // nil: it proves nothing
	// trusted are those that were good not long ago: they wait for no stranger
	// and are looked up even for an address that sends much that is wrong,
	// which they may share.
	trusted *expirable.LRU[string, struct{}]
	asking  singleflight.Group
	slots   chan struct{}
}

func newAnswers[T any]() *answers[T] {
	return &answers[T]{
		known:   expirable.NewLRU[string, *T](knownMost, nil, knownFor),
		trusted: expirable.NewLRU[string, struct{}](trustedMost, nil, trustedFor),
		slots:   make(chan struct{}, strangersAtOnce),
	}
}

// get returns what the database says, nil if the proof is no good. About a
// stranger whose sender is exhausted, before its turn or after, it asks nothing:
// [ErrTooManyFailures], whether it is right or wrong.
func (a *answers[T]) get(ctx context.Context, name string, exhausted Exhausted, ask func(context.Context) (*T, error)) (*T, error) {
	if found, known := a.known.Get(name); known {
		return found, nil
	}
	if !a.trusted.Contains(name) {
		give, err := a.turn(ctx, exhausted)
		if err != nil {
			return nil, err
		}
		defer give()
	}
	return a.ask(ctx, name, ask)
}

// turn waits until a stranger may be looked up, and returns how to end its turn.
func (a *answers[T]) turn(ctx context.Context, exhausted Exhausted) (give func(), err error) {
	if exhausted.now() {
		return nil, ErrTooManyFailures
	}
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(askFor):
		return nil, ErrBusy
	}
	if exhausted.now() { // those before it were wrong as well
		<-a.slots
		return nil, ErrTooManyFailures
	}
	return func() { <-a.slots }, nil
}

// ask asks the database, once for all who want to know the same.
func (a *answers[T]) ask(ctx context.Context, name string, ask func(context.Context) (*T, error)) (*T, error) {
	answer, err, _ := a.asking.Do(name, func() (any, error) {
		if found, known := a.known.Get(name); known { // since this caller looked
			return found, nil
		}
		// Not the caller's context: the answer is for others as well.
		asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
		defer cancel()
		// Who comes later asks anew: an answer on its way may be old already.
		defer time.AfterFunc(keepable, func() { a.asking.Forget(name) }).Stop()
		began := time.Now()
		found, err := ask(asked)
		if err == nil && time.Since(began) < keepable {
			a.known.Add(name, found)
		}
		return found, err
	})
	if err != nil {
		return nil, err
	}
	return answer.(*T), nil
}

// judge notes whether a proof was good, which decides how the next question
// about it is treated.
func (a *answers[T]) judge(name string, good bool) {
	if good {
		a.trusted.Add(name, struct{}{})
	} else {
		a.trusted.Remove(name)
	}
}
