// The usage command, and the table of the four windows that other commands print too.

package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func newUsageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "usage KEY",
		Short: "Show what a key spent, holds and may still spend",
		Long: `Show what a key spent, holds and may still spend.

With --watch it is shown again whenever it changes, until the command is
interrupted. --output json then writes one object after the other.`,
		Args: wantArgs("KEY"),
	}
	watch := cmd.Flags().Bool("watch", false, "go on showing it whenever it changes")
	f := addClientFlags(a, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := f.open(cmd)
		if err != nil {
			return err
		}
		if *watch {
			return s.watchUsage(cmd.Context(), args[0], f.timeout)
		}
		res, err := s.usage.GetUsage(cmd.Context(), &satcapv1.GetUsageRequest{ApiKeyId: args[0]})
		if err != nil {
			return err
		}
		return s.print(res, func(w io.Writer) { usageTable(w, res.GetUsage()) })
	}
	return cmd
}

func usageTable(w io.Writer, usage []*satcapv1.WindowUsage) {
	row(w, "WINDOW", "LIMIT", "SPENT", "HELD", "REMAINING", "NEXT RELEASE")
	for _, u := range usage {
		row(w,
			windowName(u.GetWindow()),
			satsOr(u.LimitSats, unlimited),
			formatSats(u.GetSpentSats()),
			formatSats(u.GetHeldSats()),
			satsOr(u.RemainingSats, unlimited),
			nextRelease(u),
		)
	}
}

func nextRelease(u *satcapv1.WindowUsage) string {
	if u.GetNextReleaseTime() == nil {
		return none
	}
	return fmt.Sprintf("%s at %s", formatSats(u.GetNextReleaseSats()), timeUp(u.GetNextReleaseTime()))
}
