// Keys with many spends: sums at the edge of int64, and a walk that ends at its
// bound.

package rpc_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/ledger"
)

// book settles n spends of the same amount, "booked 0" and so on, past the API
// so that it takes a few transactions only.
func (s *server) book(t *testing.T, key string, n int, sats int64) {
	t.Helper()
	id, err := uuid.Parse(key)
	require.NoError(t, err)
	var wait sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wait.Go(func() {
			_, err := s.engine.Do(t.Context(), ledger.Settle{
				KeyRef: ledger.KeyRef{KeyID: ledger.KeyID(id)}, SpendID: fmt.Sprintf("booked %d", i), AmountSats: sats,
			})
			errs <- err
		})
		if i%1000 == 999 {
			wait.Wait()
		}
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

func TestManySpends(t *testing.T) {
	t.Parallel()
	for database := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, database, nil)
			for name, test := range map[string]func(*env){"SumOverflow": sumOverflow, "NotBefore": notBefore} {
				s.clock.Store(start)
				test(&env{t: t, s: s, c: plainJSON(t, s.url), subject: name, made: &calls{}})
			}
		})
	}
}

// notBefore: the walk to the time at which an amount fits passes 1,000 spends
// and no more; it then says how far it got.
func notBefore(e *env) {
	key := e.newKey(limit(daily, 1001))
	e.s.book(e.t, key, 1001, 1)
	exceeded := detail[*satcapv1.LimitExceeded](e.t, e.reserve(key, "next", 1000).fails("SPENDING_LIMIT_EXCEEDED"))
	require.NotNil(e.t, exceeded.GetAvailableTime(), "the 1,000th spend is still found")
	require.Nil(e.t, exceeded.GetAvailableNotBefore())
	f := e.reserve(key, "next", 1001).fails("SPENDING_LIMIT_EXCEEDED")
	further := detail[*satcapv1.LimitExceeded](e.t, f)
	require.Nil(e.t, further.GetAvailableTime())
	require.Equal(e.t, us(exceeded.GetAvailableTime()), us(further.GetAvailableNotBefore()))
	require.Equal(e.t, "daily limit: 1001 sats requested, 0 of 1001 left; does not fit before "+
		time.UnixMicro(us(further.GetAvailableNotBefore())).UTC().Truncate(time.Second).Format(time.RFC3339), f.message)
	advice := e.check(key, 1001).ok()
	require.False(e.t, advice.GetAllowed())
	require.Equal(e.t, us(further.GetAvailableNotBefore()), us(advice.GetLimitExceeded().GetAvailableNotBefore()))
}

// sumOverflow: nobody gets there with money, and nothing breaks for those who try.
func sumOverflow(e *env) {
	key := e.newKey()
	fit := math.MaxInt64 / maxSat
	e.s.book(e.t, key, int(fit), maxSat)
	total := fit * maxSat
	e.record(key, "too much", maxSat).fails("SUM_OVERFLOW")
	e.settle(key, "too much", maxSat).fails("SUM_OVERFLOW")
	e.reserve(key, "too much", maxSat).fails("SUM_OVERFLOW")
	require.False(e.t, e.check(key, maxSat).ok().GetAllowed())
	require.Equal(e.t, total, e.usage(key).ok().GetUsage()[0].GetSpentSats())
	require.Len(e.t, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends(), 50)
	require.Len(e.t, e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys(), 1)

	e.pause(key).ok()
	e.reserve(key, "too much", maxSat).fails("API_KEY_PAUSED") // the key's state comes before the sums
	e.resume(key).ok()
	e.setLimits(key, update(daily, 1)).ok()
	e.reserve(key, "too much", maxSat).fails("SUM_OVERFLOW") // and these before the limits
	require.Equal(e.t, int64(0), e.usage(key).ok().GetUsage()[0].GetRemainingSats())
	e.reserve(key, "next", 1).fails("SPENDING_LIMIT_EXCEEDED")
	e.reverse(key, "booked 0").ok()
	require.Equal(e.t, total-maxSat, e.usage(key).ok().GetUsage()[3].GetSpentSats())
	e.advance(day + hour)
	require.Equal(e.t, "daily 1 0 0 1", sums(e.usage(key).ok().GetUsage())[0])
}
