package bpf

// protocols are the words that stand for a protocol by themselves.
var protocols = map[string]proto{
	"ether": ether, "link": ether, "ip": ip, "ip6": ip6, "arp": arp, "rarp": rarp, "tcp": tcp, "udp": udp, "sctp": sctp,
	"icmp": icmp, "icmp6": icmp6, "igmp": igmp, "pim": pim, "vrrp": vrrp, "ah": ah, "esp": esp, "gre": gre,
	"pppoed": pppoed,
}

// protoNumbers are the numbers of proto in the IPv4 or the last IPv6 header (IANA, Assigned Internet Protocol Numbers).
var protoNumbers = map[proto]uint32{
	icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51, icmp6: 58, pim: 103, vrrp: 112, sctp: 132,
}

// etherTypes are the numbers of proto in the Ethernet header.
var etherTypes = map[proto]uint32{
	ip: etherIP, arp: etherARP, rarp: etherRARP, ip6: etherIP6, pppoed: etherPPPoED,
}

// EtherTypes (IEEE 802, IANA).
const (
	etherIP     = 0x0800
	etherARP    = 0x0806
	etherRARP   = 0x8035
	etherVLAN   = 0x8100
	etherIP6    = 0x86dd
	etherMPLS   = 0x8847
	etherPPPoED = 0x8863
	etherPPPoES = 0x8864
	etherQinQ   = 0x88a8
	etherQinQ91 = 0x9100 // what QinQ was before 802.1ad
)

// protoNames are what may follow ip proto, ip6 proto and proto. ipip is not among them: it is 4 to most people and
// 94 to the IANA.
var protoNames = map[string]uint32{
	"icmp": 1, "igmp": 2, "ipencap": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6": 41, "rsvp": 46, "gre": 47,
	"esp": 50, "ah": 51, "ipv6-icmp": 58, "eigrp": 88, "ospf": 89, "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132,
	"udplite": 136,
}

// etherNames are what may follow ether proto.
var etherNames = map[string]uint32{"ip": etherIP, "arp": etherARP, "rarp": etherRARP, "ip6": etherIP6}

// service is a name for a port; proto is noProto when it is registered for both TCP and UDP.
type service struct {
	port  uint32
	proto proto
}

// services are the names of ports that are known (IANA, as Debian's netbase has them).
var services = map[string]service{
	"ftp": {21, tcp}, "ssh": {22, tcp}, "telnet": {23, tcp}, "smtp": {25, tcp}, "domain": {53, noProto},
	"bootps": {67, udp}, "bootpc": {68, udp}, "tftp": {69, udp}, "http": {80, tcp}, "kerberos": {88, noProto},
	"acr-nema": {104, tcp}, "dicom": {104, tcp}, "pop3": {110, tcp}, "sunrpc": {111, noProto}, "ntp": {123, udp},
	"imap2": {143, tcp}, "snmp": {161, noProto}, "snmp-trap": {162, noProto}, "ldap": {389, noProto},
	"https": {443, noProto}, "microsoft-ds": {445, tcp}, "submission": {587, tcp}, "ldaps": {636, noProto},
	"imaps": {993, tcp}, "pop3s": {995, tcp}, "ms-sql-s": {1433, tcp}, "nfs": {2049, noProto}, "mysql": {3306, tcp},
	"ms-wbt-server": {3389, tcp}, "sip": {5060, noProto}, "postgresql": {5432, tcp}, "redis": {6379, tcp},
	"http-alt": {8080, tcp},
}

// constants are the words that stand for a number.
var constants = map[string]uint32{
	"icmptype": 0, "icmpcode": 1, "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5,
	"icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12,
	"icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15, "icmp-ireqreply": 16, "icmp-maskreq": 17,
	"icmp-maskreply": 18,
	"icmp6type":      0, "icmp6code": 1, "icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
	"icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129, "icmp6-routersolicit": 133,
	"icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
	"tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64,
	"tcp-cwr": 128,
}

// unsupported are words that tcpdump knows and this package does not, and what to do without them.
var unsupported = map[string]string{
	"geneve":     "the inside of GENEVE cannot be asked for; write udp port 6081",
	"vxlan":      "the inside of VXLAN cannot be asked for; write udp port 4789",
	"ipip":       "this name means protocol 4 to some and 94 to others; write proto 4 or proto 94",
	"gateway":    "host names are not looked up; write ether host and its address, and not host",
	"protochain": "the length of a chain of headers is not bounded; write proto",
	"inbound":    "a mirror port sees every packet as coming in",
	"outbound":   "a mirror port sees every packet as coming in",
	"ifindex":    "choose interfaces with -i",
	"byte":       "write ether[N] and a comparison",
}

// keywords are the words of the grammar itself, which cannot be names.
var keywords = map[string]bool{
	"src": true, "dst": true, "host": true, "net": true, "mask": true, "port": true, "portrange": true, "proto": true,
	"less": true, "greater": true, "broadcast": true, "multicast": true, "and": true, "or": true, "not": true,
	"len": true, "length": true, "vlan": true, "mpls": true, "pppoes": true,
}

// foreign are keywords of tcpdump for links and protocols that are not supported.
var foreign = map[string]bool{
	"ppp": true, "slip": true, "fddi": true, "tr": true, "wlan": true, "igrp": true, "carp": true, "radio": true,
	"atalk": true, "aarp": true, "decnet": true, "lat": true, "sca": true, "moprc": true, "mopdl": true, "iso": true,
	"esis": true, "isis": true, "clnp": true, "stp": true, "ipx": true, "netbeui": true, "llc": true, "batadv": true,
	"type": true, "subtype": true, "dir": true, "direction": true, "lane": true, "oam": true, "vpi": true, "vci": true,
}
