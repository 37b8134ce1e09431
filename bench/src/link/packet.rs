//! Owns what a device hands over in one read: a packet, or several of one connection that the
//! kernel has not cut apart yet. Cutting is left to it unless one of them is missing. Decides no
//! fate.
use std::io;
use std::ops::Range;

use tun_rs::{VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_HDR_LEN, VirtioNetHdr, gso_split};

/// `VIRTIO_NET_HDR_GSO_NONE`: what was read is a single packet.
const SINGLE: u8 = 0;

/// The longest packet a device hands over, with what it says of it.
pub(super) const LONGEST: usize = VIRTIO_NET_HDR_LEN + (1 << 16);

/// One read.
pub(super) struct Parcel {
    header: VirtioNetHdr,
    /// Of the headers of IP and of the protocol above, together.
    heads: usize,
    /// With what the device says of it in front.
    bytes: Vec<u8>,
}

impl Parcel {
    /// Copies what was read.
    pub(super) fn new(read: &[u8]) -> io::Result<Self> {
        let mut header = VirtioNetHdr::decode(read)?;
        let packet = &read[VIRTIO_NET_HDR_LEN..];
        let start = usize::from(header.csum_start);
        let above = match header.gso_type {
            SINGLE => 0,
            VIRTIO_NET_HDR_GSO_UDP_L4 => start + 8,
            _ => {
                start
                    + packet
                        .get(start + 12)
                        .map_or(20, |word| usize::from(word >> 4) * 4)
            }
        };
        // The kernel says how much of the packet lies in its first piece, content included.
        header.hdr_len = u16::try_from(above).map_err(io::Error::other)?;
        Ok(Self {
            header,
            heads: above,
            bytes: read.to_vec(),
        })
    }

    /// As it goes to a device.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The length on the wire of each packet in it.
    pub(super) fn lengths(&self) -> impl Iterator<Item = u64> {
        let length = self.bytes.len() - VIRTIO_NET_HDR_LEN;
        let (heads, step) = match usize::from(self.header.gso_size) {
            step if self.heads > 0 && step > 0 => (self.heads, step),
            _ => (0, length.max(1)),
        };
        pieces(length.saturating_sub(heads), step).map(move |piece| (heads + piece.len()) as u64)
    }

    /// Each packet in it for itself, complete with checksums.
    pub(super) fn split(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let count = self.lengths().count();
        let longest = self.lengths().max().unwrap_or(0);
        let room = VIRTIO_NET_HDR_LEN + usize::try_from(longest).unwrap_or(usize::MAX);
        let mut packets = vec![vec![0; room]; count];
        let mut sizes = vec![0; count];
        let packet = &mut self.bytes[VIRTIO_NET_HDR_LEN..];
        let is_v6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
        gso_split(
            packet,
            self.header,
            &mut packets,
            &mut sizes,
            VIRTIO_NET_HDR_LEN,
            is_v6,
        )?;
        for (packet, size) in packets.iter_mut().zip(sizes) {
            packet.truncate(VIRTIO_NET_HDR_LEN + size);
        }
        Ok(packets)
    }
}

fn pieces(length: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    let count = length.div_ceil(step).max(1);
    (0..count).map(move |index| index * step..length.min((index + 1) * step))
}

#[cfg(test)]
mod tests {
    use super::{Parcel, VIRTIO_NET_HDR_LEN, VirtioNetHdr};

    /// A connection's packets as the kernel hands them over: 20 bytes of IPv4, 20 of TCP.
    fn segments(content: usize, each: u16) -> Vec<u8> {
        let header = VirtioNetHdr {
            flags: 1,
            gso_type: 1,
            hdr_len: 9_000,
            gso_size: each,
            csum_start: 20,
            csum_offset: 16,
        };
        let mut bytes = vec![0; VIRTIO_NET_HDR_LEN + 40 + content];
        header.encode(&mut bytes).unwrap();
        bytes[VIRTIO_NET_HDR_LEN] = 0x45;
        bytes[VIRTIO_NET_HDR_LEN + 20 + 12] = 5 << 4;
        bytes
    }

    #[test]
    fn a_single_packet_is_one_whatever_its_length() {
        let parcel = Parcel::new(&[0; VIRTIO_NET_HDR_LEN + 700]).unwrap();
        assert_eq!(parcel.lengths().collect::<Vec<_>>(), [700]);
    }

    #[test]
    fn every_segment_counts_with_its_headers_and_can_be_had_alone() {
        let mut parcel = Parcel::new(&segments(2_500, 1_000)).unwrap();
        assert_eq!(parcel.lengths().collect::<Vec<_>>(), [1_040, 1_040, 540]);
        let alone = parcel.split().unwrap();
        let lengths = alone.iter().map(|packet| packet.len() - VIRTIO_NET_HDR_LEN);
        assert_eq!(lengths.collect::<Vec<_>>(), [1_040, 1_040, 540]);
        // The sequence number of the last has moved on by what is before it.
        let sequence = &alone[2][VIRTIO_NET_HDR_LEN + 24..][..4];
        assert_eq!(sequence, 2_000_u32.to_be_bytes());
        assert!(
            alone
                .iter()
                .all(|packet| packet[..VIRTIO_NET_HDR_LEN].iter().all(|&b| b == 0))
        );
    }

    #[test]
    fn less_than_a_packet_is_an_error() {
        assert!(Parcel::new(&[0; 3]).is_err());
    }
}
