// The spends command: the payments against a key.

package cli

import (
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func newSpendsCommand(a *app) *cobra.Command {
	cmd := newGroupCommand(a, "spends", "Show and apply the payments against keys")
	f := addClientFlags(a, cmd)
	cmd.AddCommand(newSpendsListCommand(f), newSpendsApplyCommand(f))
	return cmd
}

const spendsListExample = `  satcap spends list KEY --max 200
  satcap spends list KEY --state reserved --reserved-before 1h    # forgotten holds`

func newSpendsListCommand(f *clientFlags) *cobra.Command {
	var (
		states         []string
		reservedBefore string
		limit          int
	)
	cmd := &cobra.Command{
		Use:     "list KEY",
		Short:   "List a key's spends, newest first",
		Example: spendsListExample,
		Args:    wantArgs("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := &satcapv1.ListSpendsRequest{ApiKeyId: args[0]}
			var err error
			if req.States, err = parseEnums[satcapv1.Spend_State](
				"state", statePrefix, satcapv1.Spend_State_value, states); err != nil {
				return err
			}
			if reservedBefore != "" {
				now := f.app.now()
				req.ReservedBefore, _, err = parseMoment(reservedBefore,
					func(ago time.Duration) time.Time { return now.Add(-ago) })
				if err != nil {
					return usageErrorf("--reserved-before: %v", err)
				}
			}
			if limit < 0 {
				return usageErrorf("--max must not be negative")
			}
			return listSpends(cmd, f, req, limit)
		},
	}
	addStateFlag(cmd, &states, enumNames(statePrefix, satcapv1.Spend_State_value))
	cmd.Flags().StringVar(&reservedBefore, "reserved-before", "",
		"only those first heard of before this `time`: RFC 3339, or how long ago, like 12h")
	cmd.Flags().IntVar(&limit, "max", 50, "list at most this `many`; 0 lists all")
	return cmd
}

func listSpends(cmd *cobra.Command, f *clientFlags, req *satcapv1.ListSpendsRequest, limit int) error {
	s, err := f.open(cmd)
	if err != nil {
		return err
	}
	// The same size for every page: a token belongs to the request that it came from.
	req.PageSize = maxPageSize
	if limit > 0 && limit < maxPageSize {
		req.PageSize = int32(limit)
	}
	spends, err := readPages(limit, func(token string) ([]*satcapv1.Spend, string, error) {
		req.PageToken = token
		res, err := s.usage.ListSpends(cmd.Context(), req)
		return res.GetSpends(), res.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	if len(spends.items) == 0 {
		s.note("There are no such spends.")
	}
	if spends.more {
		s.note("There are more than these %d; --max 0 lists all.", len(spends.items))
	}
	return s.print(&satcapv1.ListSpendsResponse{Spends: spends.items, NextPageToken: spends.next},
		func(w io.Writer) { spendsTable(w, spends.items) })
}

func spendsTable(w io.Writer, spends []*satcapv1.Spend) {
	row(w, "SPEND ID", "STATE", "AMOUNT", "HELD", "RESERVED", "EXPIRES", "SETTLED", "REVERSED", "TRANSACTION", "FLAGS")
	for _, spend := range spends {
		row(w,
			orNone(spend.GetSpendId()),
			enumName(spend.GetState(), statePrefix),
			formatSats(spend.GetAmountSats()),
			formatSats(spend.GetHeldSats()),
			timeOr(spend.GetReserveTime(), none),
			timeOr(spend.GetExpireTime(), none),
			timeOr(spend.GetSettleTime(), none),
			timeOr(spend.GetReverseTime(), none),
			orNone(spend.GetTransactionId()),
			flagNames(spend),
		)
	}
}

// flagNames is what is out of the ordinary about a spend.
func flagNames(spend *satcapv1.Spend) string {
	var names []string
	if spend.GetLate() {
		names = append(names, "late")
	}
	if spend.GetOverHold() {
		names = append(names, "over-hold")
	}
	if spend.GetUnreserved() {
		names = append(names, "unreserved")
	}
	return orNone(strings.Join(names, ","))
}
