package fill

// SetManySpends says from how many rows on indexes are made afterwards, and
// returns what sets it back.
func SetManySpends(n int) (restore func()) {
	before := manySpends
	manySpends = n
	return func() { manySpends = before }
}
