// Batches: the operations within a call of apply, and what became of each.

package loadgen

import (
	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// applyRequest reserves once for each item.
func applyRequest(t task) proto.Message {
	req := &satcapv1.ApplySpendsRequest{Operations: make([]*satcapv1.SpendOperation, 0, len(t.items))}
	for _, item := range t.items {
		req.Operations = append(req.Operations, &satcapv1.SpendOperation{
			Operation: &satcapv1.SpendOperation_Reserve{Reserve: reservation(item)},
		})
	}
	return req
}

// itemCounts is what became of the operations within calls of apply.
type itemCounts struct {
	count    int64
	refusals int64
	// errors by reason, which are no refusals. nil: none.
	errors map[string]int64
}

func (c *itemCounts) add(reason string, n int64) {
	switch reason {
	case "":
	case reasonLimitExceeded:
		c.refusals += n
	default:
		if c.errors == nil {
			c.errors = make(map[string]int64)
		}
		c.errors[reason] += n
	}
}

func (c *itemCounts) merge(other itemCounts) {
	c.count += other.count
	c.refusals += other.refusals
	for reason, n := range other.errors {
		c.add(reason, n)
	}
}

func (c *itemCounts) failed() (n int64) {
	for _, m := range c.errors {
		n += m
	}
	return n
}

// readItems counts the results of a batch, and calls made with each item that is a
// hold now. It is false where the results are not one for each item: then nobody
// knows which is whose.
func readItems(res *satcapv1.ApplySpendsResponse, items []task, made func(task)) (itemCounts, bool) {
	if len(res.GetResults()) != len(items) {
		return itemCounts{}, false
	}
	counts := itemCounts{count: int64(len(items))}
	for i, result := range res.GetResults() {
		if failed := result.GetError(); failed != nil {
			counts.add(itemReason(failed), 1)
			continue
		}
		made(items[i])
	}
	return counts, true
}

// itemReason is the server's, or the code where there is none.
func itemReason(failed *status.Status) string {
	for _, detail := range failed.GetDetails() {
		var info errdetails.ErrorInfo
		if !detail.MessageIs(&info) || detail.UnmarshalTo(&info) != nil {
			continue
		}
		if reason := reasonOf(&info); reason != "" {
			return reason
		}
	}
	return connect.Code(failed.GetCode()).String()
}
