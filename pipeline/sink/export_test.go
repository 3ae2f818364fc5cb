package sink

// Cut is cut, for the tests.
var Cut = cut
