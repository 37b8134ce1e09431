//! Owns the only randomness of the server. Knows nothing of what it is for but its shape.

use range_core::http::Boundary;
use rustix::rand::{GetRandomFlags, getrandom};

/// A boundary nobody can foresee, and so none that content could have been made to hold.
pub(crate) fn boundary() -> Boundary {
    let mut bytes = [0; 16];
    let drawn = getrandom(&mut bytes, GetRandomFlags::empty());
    assert_eq!(
        drawn,
        Ok(bytes.len()),
        "the kernel gives up to 256 random bytes in one piece"
    );
    Boundary::new(u128::from_ne_bytes(bytes))
}
