// The four rolling windows and their lengths.

package ledger

// Window is a rolling window: a spend settled at t counts in it while
// now - t < its length.
type Window uint8

// The windows, shortest first.
const (
	Daily Window = iota
	Weekly
	Monthly
	Annual
)

// WindowCount is the number of windows; a Window is an index below it.
const WindowCount = 4

const secondUs = 1_000_000

// Windows lists all windows, shortest first: the order of every reply.
func Windows() [WindowCount]Window { return [WindowCount]Window{Daily, Weekly, Monthly, Annual} }

// LengthUs is the window's length in microseconds. It is a duration, never a
// calendar period, so no change of daylight saving time touches it.
func (w Window) LengthUs() int64 {
	return [WindowCount]int64{86_400, 604_800, 2_592_000, 31_536_000}[w] * secondUs
}

// String is the window's name in words: daily, weekly, monthly or annual.
func (w Window) String() string {
	return [WindowCount]string{"daily", "weekly", "monthly", "annual"}[w]
}
