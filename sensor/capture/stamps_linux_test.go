package capture

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOffered(t *testing.T) {
	all := &unix.EthtoolTsInfo{So_timestamping: unix.SOF_TIMESTAMPING_RX_HARDWARE | unix.SOF_TIMESTAMPING_RAW_HARDWARE | unix.SOF_TIMESTAMPING_SOFTWARE}
	soft := &unix.EthtoolTsInfo{So_timestamping: unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE}
	for _, c := range []struct {
		can  *unix.EthtoolTsInfo
		does *unix.HwTstampConfig
		why  string
	}{
		{all, &unix.HwTstampConfig{Rx_filter: unix.HWTSTAMP_FILTER_ALL}, ""},
		{all, nil, ""},
		{all, &unix.HwTstampConfig{Rx_filter: unix.HWTSTAMP_FILTER_NONE}, "is not told to"},
		{all, &unix.HwTstampConfig{Rx_filter: unix.HWTSTAMP_FILTER_PTP_V2_EVENT}, "for some packets only"},
		{soft, nil, "has no clock"},
		{nil, nil, "has no clock"},
	} {
		if hardware, why := offered(c.can, c.does); hardware != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%+v %+v: %v, %q; want %q", c.can, c.does, hardware, why, c.why)
		}
	}
}
