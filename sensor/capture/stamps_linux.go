package capture

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// offered is whether a card stamps every packet that it receives, by what it can (ETHTOOL_GET_TS_INFO) and what it was
// told to do (SIOCGHWTSTAMP); why says what is in the way.
func offered(can *unix.EthtoolTsInfo, does *unix.HwTstampConfig) (hardware bool, why string) {
	const both = unix.SOF_TIMESTAMPING_RX_HARDWARE | unix.SOF_TIMESTAMPING_RAW_HARDWARE
	switch {
	case can == nil || can.So_timestamping&both != both:
		return false, "the card has no clock for packets"
	case does == nil: // it can, and its driver does not tell whether it does
		return true, ""
	case does.Rx_filter == unix.HWTSTAMP_FILTER_NONE:
		return false, "the card can, and is not told to (hwstamp_ctl -r 1)"
	case does.Rx_filter != unix.HWTSTAMP_FILTER_ALL:
		return false, "the card is told to for some packets only (hwstamp_ctl -r 1)"
	}
	return true, ""
}

// stampBy asks for the card's stamps if it offers them (linux/net_tstamp.h); each packet says whose it has. What the
// card is told to do is left as it is.
func (d *device) stampBy() error {
	if d.cfg.Timestamps != Hardware {
		return nil
	}
	fd := d.sockets[0].fd
	can, err := unix.IoctlGetEthtoolTsInfo(fd, d.name)
	if err != nil {
		can = nil
	}
	does, err := unix.IoctlGetHwTstamp(fd, d.name)
	if err != nil {
		does = nil
	}
	if d.stamped, d.unstamped = offered(can, does); !d.stamped {
		return nil
	}
	for _, s := range d.sockets {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_TIMESTAMP, unix.SOF_TIMESTAMPING_RAW_HARDWARE); err != nil {
			return fmt.Errorf("ask for hardware timestamps: %w", err)
		}
	}
	return nil
}

// sayStamps says whose clock stamps the packets, if the card's was wanted.
func (s *Source) sayStamps() {
	for _, d := range s.devices {
		switch {
		case d.stamped:
			s.Log.Info().Str("interface", d.name).Msg("the card stamps the packets; its clock must be kept at UTC (phc2sys)")
		case d.unstamped != "":
			s.Log.Warn().Str("interface", d.name).Str("because", d.unstamped).Msg("the kernel stamps the packets, not the card")
		}
	}
}
