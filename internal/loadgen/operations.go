// The operations: the table of what a caller can do, and the mix of them.

package loadgen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// The places of the operations in the table.
const (
	opReserve = iota
	opSettle
	opRelease
	opCheck
	opUsage
	opVerify
	opApply
	opCount
)

// operation is one line of the table. To add one, add its place and its line: the
// mix, the calls and the report go by the table.
type operation struct {
	name      string
	procedure string
	// takesHold: it ends a hold that this run made. Where there is none yet, the
	// caller reserves instead.
	takesHold bool
	// makesHold: when it succeeds there is a hold.
	makesHold bool
	// batch: it makes one hold for each of a number of tasks.
	batch   bool
	request func(t task) proto.Message
	// answer is the message to decode the answer into. Absent: nobody reads it.
	answer func() proto.Message
}

// task is what a request is made of.
type task struct {
	key        *key
	spendID    string
	amountSats int64
	// items are the tasks of a batch, which has nothing else.
	items []task
}

var operations = [opCount]operation{
	opReserve: {name: "reserve", procedure: satcapv1connect.SpendServiceReserveSpendProcedure, makesHold: true,
		request: func(t task) proto.Message { return reservation(t) }},
	opSettle: {name: "settle", procedure: satcapv1connect.SpendServiceSettleSpendProcedure, takesHold: true,
		request: func(t task) proto.Message {
			return &satcapv1.SettleSpendRequest{ApiKeyId: t.key.id, SpendId: t.spendID}
		}},
	opRelease: {name: "release", procedure: satcapv1connect.SpendServiceReleaseSpendProcedure, takesHold: true,
		request: func(t task) proto.Message {
			return &satcapv1.ReleaseSpendRequest{ApiKeyId: t.key.id, SpendId: t.spendID}
		}},
	opCheck: {name: "check", procedure: satcapv1connect.SpendServiceCheckSpendProcedure,
		request: func(t task) proto.Message {
			return &satcapv1.CheckSpendRequest{ApiKeyId: t.key.id, AmountSats: t.amountSats}
		}},
	opUsage: {name: "usage", procedure: satcapv1connect.UsageServiceGetUsageProcedure,
		request: func(t task) proto.Message { return &satcapv1.GetUsageRequest{ApiKeyId: t.key.id} }},
	opVerify: {name: "verify", procedure: satcapv1connect.AuthServiceVerifyApiKeyProcedure,
		request: func(t task) proto.Message { return &satcapv1.VerifyApiKeyRequest{Secret: t.key.secret} }},
	opApply: {name: "apply", procedure: satcapv1connect.SpendServiceApplySpendsProcedure, batch: true,
		request: applyRequest, answer: func() proto.Message { return new(satcapv1.ApplySpendsResponse) }},
}

func reservation(t task) *satcapv1.ReserveSpendRequest {
	return &satcapv1.ReserveSpendRequest{ApiKeyId: t.key.id, SpendId: t.spendID, AmountSats: t.amountSats}
}

// maxWeight keeps the sum of the weights within an int.
const maxWeight = 1_000_000

// Mix is how often each operation comes, as weights. ParseMix makes one.
type Mix struct{ weights [opCount]int }

// ParseMix reads weights such as "reserve=50,settle=40,release=10". An operation
// that is not named has the weight 0.
func ParseMix(text string) (Mix, error) {
	var m Mix
	var seen [opCount]bool
	sum := 0
	for _, pair := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		op := operationNamed(name)
		weight, err := strconv.Atoi(value)
		switch {
		case !ok:
			return Mix{}, fmt.Errorf("%q must be OPERATION=WEIGHT, like reserve=50", pair)
		case op < 0:
			return Mix{}, fmt.Errorf("there is no operation %q: they are %s", name, strings.Join(OperationNames(), ", "))
		case seen[op]:
			return Mix{}, fmt.Errorf("%s is named twice", name)
		case err != nil || weight < 0 || weight > maxWeight:
			return Mix{}, fmt.Errorf("the weight of %s must be a whole number from 0 to %d", name, maxWeight)
		}
		seen[op], m.weights[op] = true, weight
		sum += weight
	}
	switch {
	case sum == 0:
		return Mix{}, fmt.Errorf("one weight at least must be more than 0")
	case m.takesHolds() && !m.has(opReserve):
		return Mix{}, fmt.Errorf("settle and release work on holds that the run made: reserve must have a weight too")
	}
	return m, nil
}

// OperationNames are the names that a mix may have.
func OperationNames() []string {
	var names []string
	for _, op := range operations {
		names = append(names, op.name)
	}
	return names
}

func operationNamed(name string) int {
	for i, op := range operations {
		if op.name == name {
			return i
		}
	}
	return -1
}

func (m Mix) has(op int) bool { return m.weights[op] > 0 }

// HasApply: batches come, and so Config.Batch is read.
func (m Mix) HasApply() bool { return m.has(opApply) }

func (m Mix) takesHolds() bool {
	for i, op := range operations {
		if op.takesHold && m.has(i) {
			return true
		}
	}
	return false
}

// pick is an operation by chance, each as often as its weight says.
func (m Mix) pick(random *rand.Rand) int {
	sum := 0
	for _, weight := range m.weights {
		sum += weight
	}
	n := random.IntN(sum)
	for op, weight := range m.weights {
		if n -= weight; n < 0 {
			return op
		}
	}
	panic("loadgen: an empty mix") // ParseMix refuses it
}
