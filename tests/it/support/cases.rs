//! Many cases of one test, some at a time. Knows nothing of what they check.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::program;

/// Checks every case, so many at once, and fails with those that went wrong.
pub(crate) fn check_all<C: Debug + Send>(
    at_once: usize,
    cases: impl Iterator<Item = C>,
    check: impl Fn(&C) + Sync,
) {
    // Building it is no part of any case's time.
    program::path();
    let left = Mutex::new(cases.collect::<VecDeque<C>>());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let Some(case) = left.lock().unwrap().pop_front() else {
                        return;
                    };
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&case))) {
                        let why = panic.downcast_ref::<String>().cloned();
                        let why = why.unwrap_or_else(|| "see above".to_owned());
                        wrong.lock().unwrap().push(format!("{case:?}: {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} went wrong: {wrong:#?}", wrong.len());
}
