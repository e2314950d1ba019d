// Printing: tables for people, proto JSON for programs.

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// outputFormat is the value of --output.
type outputFormat string

const (
	outputTable outputFormat = "table"
	outputJSON  outputFormat = "json"
)

// String is part of pflag.Value.
func (f *outputFormat) String() string { return string(*f) }

// Type is part of pflag.Value: what the help calls the value.
func (f *outputFormat) Type() string { return "format" }

// Set is part of pflag.Value.
func (f *outputFormat) Set(text string) error {
	switch format := outputFormat(text); format {
	case outputTable, outputJSON:
		*f = format
		return nil
	default:
		return fmt.Errorf("must be %s or %s", outputTable, outputJSON)
	}
}

// printer writes the answer of a command to stdout.
type printer struct {
	format outputFormat
	out    io.Writer
}

// print writes message as JSON, or else what table writes. Cells are separated
// by tabs; a line without any ends a table.
func (p printer) print(message proto.Message, table func(io.Writer)) error {
	var text bytes.Buffer
	if p.format == outputJSON {
		if err := writeJSON(&text, message); err != nil {
			return err
		}
	} else {
		aligned := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
		table(aligned)
		if err := aligned.Flush(); err != nil {
			return err
		}
	}
	// One write, and its error counts: a full disk must not look like success.
	_, err := p.out.Write(text.Bytes())
	return err
}

// writeJSON writes zeros out, as the server does. protojson varies its spaces on
// purpose from build to build; indenting anew makes the output the same everywhere.
func writeJSON(text *bytes.Buffer, message proto.Message) error {
	raw, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(message)
	if err != nil {
		return err
	}
	if err := json.Indent(text, raw, "", "  "); err != nil {
		return err
	}
	return text.WriteByte('\n')
}

// row writes one line of a table.
func row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// gap separates two tables.
func gap(w io.Writer) { fmt.Fprintln(w) }

// printable replaces what a terminal would obey instead of showing. Names come
// from whoever owns the key, and are not trusted to be only text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// none stands where there is nothing to show, so that a line always has the same
// number of fields.
const none = "-"

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
}

// satsOr shows an amount, or absent where there is none.
func satsOr(sats *int64, absent string) string {
	if sats == nil {
		return absent
	}
	return formatSats(*sats)
}

// timeOr shows a time in whole seconds, UTC, or absent where there is none.
func timeOr(t *timestamppb.Timestamp, absent string) string {
	if t == nil {
		return absent
	}
	return t.AsTime().UTC().Format(time.RFC3339)
}

// timeUp shows a time rounded up to the second: by the time it shows, what is
// promised for it has happened.
func timeUp(t *timestamppb.Timestamp) string {
	moment := t.AsTime().UTC()
	if whole := moment.Truncate(time.Second); whole.Before(moment) {
		moment = whole.Add(time.Second)
	}
	return moment.Format(time.RFC3339)
}
