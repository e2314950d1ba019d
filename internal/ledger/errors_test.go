// Which errors are answers.

package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func TestIsRefusal(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		ledger.ErrAmount, ledger.ErrKeyNotFound, ledger.ErrKeyRevoked, ledger.ErrKeyExpired, ledger.ErrKeyPaused, ledger.ErrSpendNotFound,
		ledger.ErrSpendIDReused, ledger.ErrTransactionIDReused, ledger.ErrRequestIDReused, ledger.ErrSumOverflow, ledger.ErrImportTime,
		ledger.ErrRevisionMismatch, &ledger.SpendClosedError{}, &ledger.LimitExceededError{},
	} {
		require.True(t, ledger.IsRefusal(err), err)
		require.True(t, ledger.IsRefusal(fmt.Errorf("more: %w", err)), err)
	}
	for _, err := range []error{nil, ledger.ErrInvariant, errors.New("the disk is full")} {
		require.False(t, ledger.IsRefusal(err), err)
	}
}
