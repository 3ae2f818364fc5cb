package fhir

import "bytes"

// DICOM finds a DICOMweb path (PS3.18 section 8) in decoded segments: the index of the first of studies, series
// or instances, and whether it is one. Below it every second segment is a UID or a frame list, and all but the
// first name parts of the first.
func DICOM(segs [][]byte) (first int, ok bool) {
	sure := false
	for i, s := range segs {
		switch string(s) {
		case "studies", "series", "instances":
			if sure || i+1 < len(segs) && isUID(segs[i+1]) {
				return i, true
			}
		}
		sure = sure || dicomBase(s)
	}
	return 0, false
}

var dicomBases = []string{"dicom", "wado", "qido", "stow", "pacs"}

func dicomBase(s []byte) bool {
	for _, w := range dicomBases {
		if len(s) >= len(w) && s[0]|0x20 == w[0] && bytes.EqualFold(s[:len(w)], []byte(w)) {
			return true
		}
	}
	return false
}

// isUID is whether s is a DICOM UID: digits and dots, three components or more (PS3.5 section 9).
func isUID(s []byte) bool {
	dots := 0
	for i, c := range s {
		switch {
		case c == '.' && i > 0 && s[i-1] != '.':
			dots++
		case '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return dots >= 2 && len(s) <= 64
}
