package evidence

// Encode is sl as its file has it.
func (sl *Slice) Encode() []byte { return sl.encode(0).bytes }
