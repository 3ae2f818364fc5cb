package call

// Memo answers two pure functions, of a token and of a path. An implementation may remember answers or not: they
// never depend on what was asked before. What it returns is valid until its next call.
type Memo interface {
	Claims(token []byte) *Claims // nil when the token is no JWT
	Route(path []byte) *Route
}

// Direct is the Memo that remembers nothing and computes each answer, in memory that it uses again. It belongs
// to one goroutine; the zero value is ready.
type Direct struct {
	claims Claims
	route  Route
}

// Claims is ParseClaims.
func (d *Direct) Claims(token []byte) *Claims {
	if !d.claims.Parse(token) {
		return nil
	}
	return &d.claims
}

// Route is ParseRoute.
func (d *Direct) Route(path []byte) *Route {
	d.route.Parse(path)
	return &d.route
}
