package call

import (
	"bytes"
	"encoding/binary"

	"auscult/sensor/phi"
)

// Tags of DICOM that say whose and what an instance is (PS3.6).
const (
	tagTransferSyntax = 0x00020010
	tagInstance       = 0x00080018
	tagPatientName    = 0x00100010
	tagPatientID      = 0x00100020
	tagStudy          = 0x0020000d
)

// instance reads the head of the instance that was kept, and counts it.
func (v *envelope) instance() {
	b := v.keep
	v.keep = v.keep[:0]
	if len(b) == 0 {
		return
	}
	v.count++
	if t := bytes.TrimLeft(b, "\xef\xbb\xbf \r\n\t"); len(t) > 0 && t[0] == '<' {
		v.opened = true
		r := envelopeReader{v: v}
		r.read(t)
		return
	}
	if len(b) < 132 || string(b[128:132]) != "DICM" { // PS3.10 section 7.1
		return
	}
	v.opened = true
	b = b[132:]
	explicit := true // the file meta information always is
	syntax := []byte(nil)
	for len(b) >= 8 {
		tag := uint32(binary.LittleEndian.Uint16(b))<<16 | uint32(binary.LittleEndian.Uint16(b[2:]))
		if tag > 0x0002ffff && syntax != nil {
			switch string(syntax) {
			case "1.2.840.10008.1.2":
				explicit = false
			case "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99": // big endian, deflated
				return
			}
			syntax = nil
		}
		if tag > tagStudy {
			return
		}
		size, head := elementSize(b, explicit)
		if size < 0 { // a sequence of undefined length, up to its delimiter (PS3.5 section 7.5)
			i := bytes.Index(b, []byte("\xfe\xff\xdd\xe0\x00\x00\x00\x00"))
			if i < 0 {
				return
			}
			b = b[i+8:]
			continue
		}
		if size > int64(len(b)-head) {
			return // past what was kept
		}
		value := bytes.TrimRight(b[head:head+int(size)], " \x00")
		b = b[head+int(size):]
		switch tag {
		case tagTransferSyntax:
			syntax = value
		default:
			v.attribute(tag, value)
		}
	}
}

// attribute takes what an instance says under a tag.
func (v *envelope) attribute(tag uint32, value []byte) {
	switch tag {
	case tagInstance:
		if len(v.marks) < maxFound/2 { // the rest is for patients and studies
			v.found(phi.Resource, "SOPInstanceUID", value)
		}
	case tagPatientName:
		v.named = v.named || len(value) > 0
	case tagPatientID:
		if !v.has("PatientID", value) && v.found(phi.Patient, "PatientID", value) {
			v.people++
		}
	case tagStudy:
		if !v.has("StudyInstanceUID", value) {
			v.found(phi.Resource, "StudyInstanceUID", value)
		}
	}
}

// nativeTag reads the tag of an attribute of the native model (PS3.19 annex A.1), as far as it is one of ours.
func nativeTag(tag []byte) uint32 {
	switch string(tag) {
	case "00080018":
		return tagInstance
	case "00100010":
		return tagPatientName
	case "00100020":
		return tagPatientID
	case "0020000D", "0020000d":
		return tagStudy
	}
	return 0
}

// elementSize is the length of the value of the data element at the start of b, of 8 bytes or more, and of what
// stands before it (PS3.5 section 7.1); -1 when it is not defined or not there.
func elementSize(b []byte, explicit bool) (size int64, head int) {
	if !explicit {
		size, head = int64(binary.LittleEndian.Uint32(b[4:])), 8
	} else {
		switch string(b[4:6]) {
		case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
			if len(b) < 12 {
				return -1, 0
			}
			size, head = int64(binary.LittleEndian.Uint32(b[8:])), 12
		default:
			size, head = int64(binary.LittleEndian.Uint16(b[6:])), 8
		}
	}
	if size == 0xffffffff {
		return -1, head
	}
	return size, head
}
