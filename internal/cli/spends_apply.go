// The spends apply command: operations on spends from a file, many in a call.

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// applyBatch is how many operations go in a call: the most that the server takes.
const applyBatch = 1000

const spendsApplyLong = `Apply operations on spends from a file, or from stdin for -.

Each line is one operation in JSON, as in the operations of ApplySpends: reserve,
settle, release, reverse or record, with the fields of the call of that name. Empty
lines are passed over. There is one result for each line, in the same order, with
--output json as ApplySpends answers it.

Lines are sent 1,000 at a time. They are checked before that: a line that is no
operation is named, ends the command, and nothing of its 1,000 was sent. Operations
of one key are applied in the order in which they stand, and a refusal or an error of
one does not keep the others from being applied.

The command is safe to repeat with the same file, after any end: what was done is not
done again. What was refused is decided anew, and a reserve whose spend has been ended
since fails with SPEND_CLOSED and changes nothing.

Exit code 0 if everything was done, 8 if all that was not was refused by a limit, and
1 if anything failed otherwise. A call that fails as a whole has the code of its error.`

const spendsApplyExample = `  satcap spends apply payouts.jsonl
  echo '{"settle": {"apiKeyId": "KEY", "spendId": "p-1"}}' | satcap spends apply - -o json`

func newSpendsApplyCommand(f *clientFlags) *cobra.Command {
	return &cobra.Command{
		Use: "apply FILE", Short: "Apply operations from a file of JSON lines", Long: spendsApplyLong, Example: spendsApplyExample,
		Args: wantArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return s.applyFrom(cmd.Context(), cmd.InOrStdin())
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			return s.applyFrom(cmd.Context(), file)
		},
	}
}

// applied counts what became of the operations so far.
type applied struct{ total, refused, failed int64 }

// String says it in one line.
func (a applied) String() string {
	switch {
	case a.failed == 0:
		return fmt.Sprintf("a limit refused %s of %s operations", formatSats(a.refused), formatSats(a.total))
	case a.refused == 0:
		return fmt.Sprintf("%s of %s operations failed", formatSats(a.failed), formatSats(a.total))
	default:
		return fmt.Sprintf("%s of %s operations failed, and a limit refused %s", formatSats(a.failed), formatSats(a.total), formatSats(a.refused))
	}
}

// outcome is the error that the counts come to.
func (a applied) outcome() error {
	switch {
	case a.failed > 0:
		return errors.New(a.String())
	case a.refused > 0:
		return &refusedError{a.String()}
	}
	return nil
}

// applyFrom applies the lines of in, batch by batch.
func (s *session) applyFrom(ctx context.Context, in io.Reader) error {
	var done applied
	lines := newOperationLines(in)
	for {
		batch, err := lines.read(applyBatch)
		if err == nil && len(batch) > 0 {
			err = s.applyLines(ctx, batch, &done)
		}
		switch {
		case err != nil:
			if done.refused+done.failed > 0 {
				s.note("Before that, %s.", done)
			}
			return err
		case len(batch) < applyBatch:
			if done.total == 0 {
				s.note("There are no operations.")
			}
			return done.outcome()
		}
	}
}

// applyLines sends a batch, prints what became of it, and counts it.
func (s *session) applyLines(ctx context.Context, batch []operationLine, done *applied) error {
	req := &satcapv1.ApplySpendsRequest{}
	for _, l := range batch {
		req.Operations = append(req.Operations, l.operation)
	}
	res, err := s.spends.ApplySpends(ctx, req)
	if err == nil && len(res.GetResults()) != len(batch) {
		err = fmt.Errorf("the server answered %d operations with %d results", len(batch), len(res.GetResults()))
	}
	if err != nil {
		s.note("Line %d and those after it have no result. It is safe to run the same file again.", batch[0].number)
		return err
	}
	for _, result := range res.GetResults() {
		done.total++
		switch failed := result.GetError(); {
		case failed == nil:
		case statusReason(failed) == reasonLimitExceeded:
			done.refused++
		default:
			done.failed++
		}
	}
	if s.format == outputJSON {
		return s.printLines(res.GetResults())
	}
	first := done.total == int64(len(batch))
	return s.print(nil, func(w io.Writer) { appliedTable(w, batch, res.GetResults(), first) })
}

// printLines writes each result as JSON in one line.
func (s *session) printLines(results []*satcapv1.SpendResult) error {
	var text bytes.Buffer
	for _, result := range results {
		if failed := result.GetError(); failed != nil {
			failed.Details = knownDetails(failed.GetDetails())
		}
		raw, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(result)
		if err != nil {
			return err
		}
		if err := json.Compact(&text, raw); err != nil { // protojson varies its spaces
			return err
		}
		text.WriteByte('\n')
	}
	_, err := s.out.Write(text.Bytes())
	return err
}

func appliedTable(w io.Writer, batch []operationLine, results []*satcapv1.SpendResult, heading bool) {
	if heading {
		row(w, "LINE", "OPERATION", "SPEND ID", "STATE", "AMOUNT", "ERROR")
	}
	for i, l := range batch {
		number, name := fmt.Sprint(l.number), operationName(l.operation)
		if failed := results[i].GetError(); failed != nil {
			row(w, number, name, orNone(requestedSpend(l.operation)), none, none, describeStatus(failed))
			continue
		}
		spend := resultSpend(results[i])
		row(w, number, name, orNone(spend.GetSpendId()), enumName(spend.GetState(), statePrefix), formatSats(spend.GetAmountSats()), none)
	}
}

// maxLineBytes is more than any operation takes, with every character escaped.
const maxLineBytes = 64 << 10

// operationLines reads one operation from each line.
type operationLines struct {
	scanner *bufio.Scanner
	number  int // of the last line that was read, from 1 on
}

// operationLine is an operation and the number of its line.
type operationLine struct {
	number    int
	operation *satcapv1.SpendOperation
}

func newOperationLines(in io.Reader) *operationLines {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLineBytes)
	return &operationLines{scanner: scanner}
}

// read returns up to most operations, fewer only at the end. Its error names the line.
func (r *operationLines) read(most int) ([]operationLine, error) {
	var batch []operationLine
	for len(batch) < most && r.scanner.Scan() {
		r.number++
		text := bytes.TrimSpace(r.scanner.Bytes())
		if len(text) == 0 {
			continue
		}
		op, err := parseOperation(text)
		if err != nil {
			return nil, r.refuse(batch, r.number, err)
		}
		batch = append(batch, operationLine{r.number, op})
	}
	switch err := r.scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, r.refuse(batch, r.number+1, fmt.Errorf("longer than %d KiB", maxLineBytes>>10))
	case err != nil:
		return nil, r.refuse(batch, r.number+1, err)
	}
	return batch, nil
}

// refuse is the error of a line, after those of batch, which are not sent.
func (r *operationLines) refuse(batch []operationLine, number int, err error) error {
	from := number
	if len(batch) > 0 {
		from = batch[0].number
	}
	return fmt.Errorf("line %d: %w (nothing was sent from line %d on)", number, err, from)
}
