// Series: how many are added up at once, and what those who wait are told.

package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// slowSeries is a store that adds up until it is told to stop.
type slowSeries struct {
	*fakeStore
	began chan struct{}
	end   chan struct{}
}

func (s *slowSeries) ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (*ledger.Series, error) {
	s.began <- struct{}{}
	select {
	case <-s.end:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.fakeStore.ViewSeries(ctx, id, w)
}

// TestSeriesTakeTurns: whoever asks for many long charts takes no more of the
// database than two at a time; others wait for a while, and are then told that
// it is too much. A wrong key costs nobody a turn.
func TestSeriesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowSeries{newFakeStore(key(1, 0), key(2, 0)), make(chan struct{}, 10), make(chan struct{})}
		e := engine.New(engine.Config{Store: s, SweepEvery: -1, MaxSeries: 2})
		defer e.Close()
		answers := make(chan error, 10)
		ask := func(ctx context.Context) {
			go func() {
				_, err := e.Series(ctx, ref(keyID(1)), ledger.Annual)
				answers <- err
			}()
			synctest.Wait()
		}
		for range 3 {
			ask(t.Context())
		}
		require.Len(t, s.began, 2)
		_, err := e.Series(t.Context(), ref(keyID(9)), ledger.Annual)
		require.ErrorIs(t, err, ledger.ErrKeyNotFound, "at once")
		gone, leave := context.WithCancel(t.Context())
		ask(gone)
		leave()
		require.ErrorIs(t, <-answers, context.Canceled)

		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		require.Empty(t, answers)
		time.Sleep(time.Nanosecond)
		require.ErrorIs(t, <-answers, engine.ErrOverloaded)

		ask(t.Context())
		require.Len(t, s.began, 2)
		s.end <- struct{}{} // one of the two ends, and the next one's turn comes
		require.NoError(t, <-answers)
		synctest.Wait()
		require.Len(t, s.began, 3)
		close(s.end)
		require.NoError(t, <-answers)
		require.NoError(t, <-answers)
		require.Empty(t, answers)
	})
}

// TestSeriesMayTakeLong: what took longer than the clocks may differ is still
// right, and no difference of the clocks.
func TestSeriesMayTakeLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := engine.New(engine.Config{Store: longSeries{newFakeStore(key(1, 0))}, SweepEvery: -1})
		defer e.Close()
		_, err := e.Series(t.Context(), ref(keyID(1)), ledger.Annual)
		require.NoError(t, err)
	})
}

// longSeries is a store that has the answer at once and gives it late.
type longSeries struct{ *fakeStore }

func (s longSeries) ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (*ledger.Series, error) {
	series, err := s.fakeStore.ViewSeries(ctx, id, w)
	time.Sleep(6 * time.Second)
	return series, err
}
