package main

import (
	"math/rand/v2"

	"auscult/detectors/eval/world"
)

// order is a way of choosing patients: next is the i-th number from base in a hospital of top patients.
type order struct {
	name string
	ids  world.Scheme
	next func(i, base, top int, r *rand.Rand) int
}

// span is how far past its base an order may reach.
const span = 20_100

func up(i, base, _ int, _ *rand.Rand) int { return base + i }

// orders of an attack. An encoded order walks +1 in a hospital that writes its identifiers so.
var orders = []order{
	{"+1", world.Integer, up},
	{"−1", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + 5000 - i }},
	{"stride 7", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + 7*i }},
	{"check digit", world.CheckDigit, up},
	{"jitter", world.Integer, func(i, base, _ int, r *rand.Rand) int { return base + 2*i + r.IntN(2) }},
	{"shuffled in 2k", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + i*1237%2003 }},
	{"shuffled in 20k", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + i*12377%20011 }},
	{"random", world.Integer, func(_, _, top int, r *rand.Rand) int { return 1 + r.IntN(top) }},
	{"two ranges", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + i%2*9000 + i/2 }},
	{"five ranges", world.Integer, func(i, base, _ int, _ *rand.Rand) int { return base + i%5*3700 + i/5 }},
	{"base64", world.Base64, up},
	{"hex", world.Hex, up},
	{"base62", world.Base62, up},
	{"UUIDv7", world.UUIDv7, up},
	{"ULID", world.ULID, up},
	{"ObjectId", world.ObjectID, up},
	{"random UUIDv4", world.UUIDv4, func(_, _, top int, r *rand.Rand) int { return 1 + r.IntN(top) }},
}

// find is the order of a name.
func find(name string) *order {
	for i := range orders {
		if orders[i].name == name {
			return &orders[i]
		}
	}
	panic("eval: no order " + name)
}
