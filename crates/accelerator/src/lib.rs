//! Takes.
