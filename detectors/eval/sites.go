package main

import "auscult/detectors/eval/world"

// hospital is one configuration of the world: how often its seeds are drawn follows from days and size.
type hospital struct {
	name string
	days int
	set  func(*world.Config)
}

// hospitals are the configurations that benign traffic is made with.
var hospitals = []hospital{
	{"town, numbers", 40, func(c *world.Config) {}},
	{"network, UUIDv4", 35, func(c *world.Config) { c.People, c.IDs, c.Patients = 2000, world.UUIDv4, 400_000 }},
	{"clinic behind NAT, check digits", 60, func(c *world.Config) {
		c.People, c.IDs, c.Patients, c.NAT, c.Roles = 50, world.CheckDigit, 20_000, .6, false
	}},
	{"district, India, roles unknown", 40, func(c *world.Config) {
		c.People, c.India, c.Roles, c.NAT, c.Loss = 975, true, false, .3, .005
	}},
	{"lists out of sight", 40, func(c *world.Config) { c.Unseen, c.Loss = true, .002 }},
	{"UUIDv7, lossy mirror", 40, func(c *world.Config) { c.People, c.IDs, c.Loss, c.NAT = 300, world.UUIDv7, .02, .1 }},
	{"salted hashes", 45, func(c *world.Config) { c.People, c.IDs, c.Roles, c.India = 200, world.Hashed, false, true }},
	{"hard days three times as often", 40, func(c *world.Config) { c.Hard = 3 }},
}

// config is the world of a hospital at a seed. The hospitals differ in their streams too.
func (h *hospital) config(seed uint64) world.Config {
	c := world.Default(seed)
	h.set(&c)
	return c
}
