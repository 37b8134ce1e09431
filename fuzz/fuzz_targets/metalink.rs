//! Lets the fuzzer make up bytes for `metalink`. What must hold of them is in `fuzz_bodies`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz_bodies::targets::metalink::run(bytes));
