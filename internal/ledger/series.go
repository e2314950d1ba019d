// What was spent in a window, part by part.

package ledger

// BucketCount is the number of equal parts that a window is shown in: hours of a
// day, quarters of the days of a week, days of a month, five days each of a year.
func (w Window) BucketCount() int { return [WindowCount]int{24, 28, 30, 73}[w] }

// BucketUs is the length of one part, in microseconds. The parts fill the window
// without a rest.
func (w Window) BucketUs() int64 { return w.LengthUs() / int64(w.BucketCount()) }

// Series is what was settled in one window, part by part, at the moment of View.
type Series struct {
	View   *View
	Window Window
	// SpentSats is per part, oldest first. Part i is what was settled in
	// (StartUs(i), StartUs(i+1)], and the last part ends at View.NowUs, so that
	// the parts together are what counts in the window.
	SpentSats []int64
}

// NewSeries is a series without spends.
func NewSeries(v *View, w Window) *Series {
	return &Series{View: v, Window: w, SpentSats: make([]int64, w.BucketCount())}
}

// StartUs is the moment after which part i begins.
func (s *Series) StartUs(i int) int64 {
	return s.View.NowUs - s.Window.LengthUs() + int64(i)*s.Window.BucketUs()
}
