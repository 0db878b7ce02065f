package term

// Plural counts things in words that agree with the number:
// Plural(n, "row is", "rows are") is "1 row is" or "1,200 rows are".
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}
