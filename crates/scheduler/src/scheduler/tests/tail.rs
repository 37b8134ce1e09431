//! Tests of the bytes that free workers take from busy ones, and of the workers from which they
//! take nothing.

use super::*;
use crate::split;
use crate::tail::TakeOver;

/// The second worker finishes everything but the first segment, of 6 MiB.
fn finish_all_but_the_first(bench: &mut Bench, mut outputs: Vec<Output>) -> Vec<Output> {
    while let Some(&(attempt, Request::Part(part), _)) = starts(&outputs).first() {
        bench.open(attempt, part, 256 * MIB);
        outputs = bench.feed(Input::Stopped {
            attempt,
            position: part.end(),
            how: Stop::Drained,
        });
    }
    outputs
}

#[test]
fn a_free_worker_splits_the_segment_with_most_left_in_two_phases() {
    let (mut bench, outputs) = Bench::segmented(2, 256 * MIB);
    let outputs = finish_all_but_the_first(&mut bench, outputs);
    assert!(
        outputs.contains(&Output::Shrink {
            attempt: FIRST,
            cut: 3 * MIB
        }),
        "{outputs:?}"
    );
    assert_eq!(starts(&outputs), [], "a thief starts only after the answer");
    let outputs = bench.feed(Input::Shrunk {
        attempt: FIRST,
        end: 4 * MIB,
    });
    let stolen = Request::Part(range(4 * MIB, 6 * MIB));
    assert_eq!(starts(&outputs)[0].1, stolen);
}

#[test]
fn a_reply_that_may_be_in_slow_start_is_not_split() {
    let (mut bench, outputs) = Bench::segmented(2, 256 * MIB);
    let latency = Duration::from_secs(1);
    bench.scheduler.sources.set_latency(latency);
    let outputs = finish_all_but_the_first(&mut bench, outputs);
    let splits = |outputs: &[Output]| outputs.iter().any(|o| matches!(o, Output::Shrink { .. }));
    assert!(!splits(&outputs));
    bench.now = bench.now + latency * limits::SLOW_START_LATENCIES;
    let outputs = bench.feed(Input::Received {
        attempt: FIRST,
        position: MIB,
    });
    assert!(splits(&outputs), "{outputs:?}");
}

#[test]
fn a_victim_that_was_past_the_cut_loses_nothing() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let outputs = bench.feed(Input::Shrunk {
        attempt: FIRST,
        end: 100 * MIB,
    });
    assert_eq!(starts(&outputs), []);
    let stop = Input::Stopped {
        attempt: FIRST,
        position: 100 * MIB,
        how: Stop::Drained,
    };
    assert_eq!(
        bench.feed(stop),
        [Output::Finished(Outcome::Complete { length: 100 * MIB })]
    );
}

/// Two workers of four still stream, one of them silently, when everything else has arrived.
#[test]
fn a_silent_worker_loses_its_remainder_to_a_free_one_at_the_tail() {
    let claimed = [range(14 * MIB, 64 * MIB)].into_iter().collect();
    let length = 64 * MIB;
    let mut bench = Bench::new(4, Beginning::Resume { length, claimed });
    let outputs = bench.feed(Input::Tick);
    let parts = starts(&outputs)
        .into_iter()
        .map(|(attempt, request, _)| (attempt, part_of(request)));
    let parts: Vec<_> = parts.collect();
    for (attempt, _) in &parts {
        bench.open(*attempt, range(0, 14 * MIB), length);
    }
    for tenth in 1..=30 {
        bench.now = Timestamp::after_start(Duration::from_millis(100 * tenth));
        for (attempt, part) in parts.clone() {
            let position = part.start() + tenth * MIB / 10;
            bench.feed(Input::Received { attempt, position });
        }
    }
    for (attempt, part) in parts.into_iter().skip(1) {
        let (position, how) = (part.end(), Stop::Drained);
        bench.feed(Input::Stopped {
            attempt,
            position,
            how,
        });
    }
    assert_eq!(bench.feed(Input::Tick).len(), 1, "it has its usual rate");
    let outputs = bench.after(Duration::from_secs(5));
    assert!(
        outputs.contains(&Output::Stop { attempt: FIRST }),
        "{outputs:?}"
    );
    let outputs = bench.feed(Input::Stopped {
        attempt: FIRST,
        position: 3 * MIB,
        how: Stop::Told,
    });
    let rest = Request::Part(range(3 * MIB, 4 * MIB));
    assert_eq!(starts(&outputs)[0].1, rest);
}

/// Returns the ranges that sixteen workers at a far host are asked for.
fn sixteen_parts(bench: &mut Bench, length: u64) -> Vec<(AttemptId, ByteRange)> {
    bench.feed(Input::Tick);
    bench.now = Timestamp::after_start(limits::VERY_FAR_LATENCY);
    let body = Body::Part {
        range: range(0, length),
        complete_length: length,
    };
    let outputs = bench.feed(Input::Opened {
        attempt: FIRST,
        body,
    });
    let mut parts = std::vec![(FIRST, granted_range(&outputs))];
    bench.now = bench.now + limits::VERY_FAR_LATENCY;
    for (attempt, request, _) in starts(&outputs) {
        let part = part_of(request);
        bench.open(attempt, part, length);
        parts.push((attempt, part));
    }
    assert_eq!(parts.len(), 16);
    parts
}

fn granted_range(outputs: &[Output]) -> ByteRange {
    match granted(outputs) {
        Some(Grant::Range(range)) => range,
        other => panic!("{other:?}"),
    }
}

fn part_of(request: Request) -> ByteRange {
    match request {
        Request::Part(part) => part,
        Request::First | Request::Whole => panic!("{request:?} of a segmented file"),
    }
}

/// Of those that are left at the end the median is slow, and says nothing of what is usual.
#[test]
fn what_is_usual_is_not_told_by_four_crawlers_that_are_left() {
    let length = 256 * MIB;
    let mut bench = Bench::new(16, Beginning::Fresh);
    let mut parts = sixteen_parts(&mut bench, length);
    let slow = parts.split_off(12);
    bench.after(Duration::from_millis(200));
    while let Some((attempt, part)) = parts.pop() {
        let (position, how) = (part.end(), Stop::Drained);
        let outputs = bench.feed(Input::Stopped {
            attempt,
            position,
            how,
        });
        for (attempt, request, _) in starts(&outputs) {
            bench.open(attempt, part_of(request), length);
            parts.push((attempt, part_of(request)));
        }
    }
    for tenth in 1..=20 {
        bench.after(Duration::from_millis(100));
        for (attempt, part) in slow.clone() {
            let position = part.start() + tenth * (1 << 10);
            bench.feed(Input::Received { attempt, position });
        }
    }
    assert!(bench.scheduler.tail.typical_rate() > MIB);
}

/// Those that are quick are worth more than those that came first.
#[test]
fn where_there_are_too_many_the_slowest_let_go() {
    let mut bench = Bench::new(16, Beginning::Fresh);
    let slow = sixteen_parts(&mut bench, 256 * MIB);
    let (slow, quick) = slow.split_at(8);
    let now = bench.now;
    let one = bench.scheduler.sources.of_mut(SourceId(0));
    assert!(one.width.refused(now, now, 8));
    let mut outputs = Vec::new();
    for tenth in 1..=15 {
        outputs.extend(bench.after(Duration::from_millis(100)));
        for (each, parts) in [(1 << 10, slow), (1 << 18, quick)] {
            for &(attempt, part) in parts {
                let position = part.start() + tenth * each;
                outputs.extend(bench.feed(Input::Received { attempt, position }));
            }
        }
    }
    let mut told = Vec::new();
    for output in outputs {
        if let Output::Stop { attempt } = output {
            told.push(attempt);
        }
    }
    told.sort_unstable();
    let mut slow: Vec<_> = slow.iter().map(|(attempt, _)| *attempt).collect();
    slow.sort_unstable();
    assert_eq!(told, slow);
}

/// With loss, a connection that is new brings more than one that has lost its pace.
#[test]
fn a_far_connection_is_renewed_long_before_it_crawls() {
    let mut bench = Bench::new(16, Beginning::Fresh);
    let mut parts = sixteen_parts(&mut bench, 256 * MIB);
    let (attempt, part) = parts.pop().unwrap();
    let now = bench.now;
    let one = bench.scheduler.sources.of_mut(SourceId(0));
    assert!(one.width.refused(now, now, 15), "the width is found");
    let (position, how) = (part.end(), Stop::Drained);
    bench.feed(Input::Stopped {
        attempt,
        position,
        how,
    });
    let mut told = Vec::new();
    for tenth in 1..=30 {
        let mut outputs = bench.after(Duration::from_millis(100));
        for (number, &(attempt, part)) in parts.iter().enumerate() {
            let each = [5, 7, 10][number.min(2)] << 13;
            let position = part.start() + tenth * each;
            outputs.extend(bench.feed(Input::Received { attempt, position }));
        }
        for output in outputs {
            if let Output::Stop { attempt } = output {
                told.push(attempt);
            }
        }
    }
    assert_eq!(told, [parts[0].0]);
}

#[test]
fn a_split_leaves_a_slow_worker_what_it_has_time_for() {
    let (mut bench, outputs) = Bench::segmented(2, 64 * MIB);
    let second = starts(&outputs)[0].0;
    bench.open(second, range(2 * MIB, 6 * MIB), 64 * MIB);
    let mut active = *bench.scheduler.ledger.current(second).unwrap();
    active.left = Some(range(2 * MIB, 6 * MIB));
    let cut = |own, typical| {
        split::cut(
            &active,
            BytesPerSecond(own),
            BytesPerSecond(typical),
            Duration::ZERO,
            BlockSize::DEFAULT,
        )
    };
    assert_eq!(cut(1, 3), Some(3 * MIB));
    assert_eq!(cut(1, 1), Some(4 * MIB));
    assert_eq!(cut(3, 1), Some(5 * MIB));
    assert_eq!(cut(1, 0), None, "a thief without a rate gets nothing");
}

/// Of sixteen workers at a far host so many bring bytes for two seconds, the second twice as many
/// as the first, and so on; the others bring nothing.
fn sixteen_rates(workers: usize) -> Bench {
    let mut bench = Bench::new(16, Beginning::Fresh);
    let parts = sixteen_parts(&mut bench, 256 * MIB);
    for tenth in 1..=20 {
        bench.now = bench.now + Duration::from_millis(100);
        for (number, &(attempt, part)) in parts.iter().take(workers).enumerate() {
            let position = part.start() + tenth * (number as u64 + 1) * 1000;
            bench.feed(Input::Received { attempt, position });
        }
    }
    bench
}

/// The median of three workers and of more than a quarter tells what is usual; fewer change
/// nothing.
#[test]
fn what_is_usual_is_the_median_of_enough_workers() {
    let usual = |bench: &Bench, before| {
        let mut tail = Tail::of_rate(before);
        tail.measure(bench.scheduler.view(), None);
        tail.typical_rate()
    };
    let mut enough = 0;
    for workers in 3..=16 {
        let bench = sixteen_rates(workers);
        let rate = usual(&bench, MIB);
        let median = (workers as u64 / 2 + 1) * 10_000;
        if 4 * workers > usize::from(bench.scheduler.sources.width()) {
            assert!(rate.abs_diff(median) < 1_000, "{workers}: {rate}");
            enough += 1;
        } else {
            assert_eq!(rate, MIB, "{workers} are too few");
        }
    }
    assert!((1..14).contains(&enough), "{enough}");
}

#[test]
fn two_workers_tell_nothing_of_what_is_usual() {
    let (mut bench, outputs) = Bench::segmented(2, 256 * MIB);
    let (second, request, _) = starts(&outputs)[0];
    bench.open(second, part_of(request), 256 * MIB);
    for tenth in 1..=20 {
        bench.now = bench.now + Duration::from_millis(100);
        for (attempt, start) in [(FIRST, 0), (second, part_of(request).start())] {
            let position = start + tenth * 1000;
            bench.feed(Input::Received { attempt, position });
        }
    }
    let mut tail = Tail::of_rate(MIB);
    tail.measure(bench.scheduler.view(), None);
    assert_eq!(tail.typical_rate(), MIB);
}

/// A worker that brings 200 KB a second, in a lease that ends so many bytes on, beside others that
/// would bring `usual`: what a free one does about it.
fn about_a_slow_one(left: u64, usual: u64, lead: Duration) -> Option<TakeOver> {
    let mut bench = Bench::new(1, Beginning::Fresh);
    bench.feed(Input::Tick);
    let body = Body::Part {
        range: range(0, 64 * MIB),
        complete_length: 64 * MIB,
    };
    let attempt = FIRST;
    bench.feed(Input::Opened { attempt, body });
    bench.feed(Input::Began { attempt });
    for tenth in 1..=40 {
        bench.now = bench.now + Duration::from_millis(100);
        let position = tenth * 20_000;
        bench.feed(Input::Received { attempt, position });
    }
    let end = 800_000 + left;
    let active = bench.scheduler.ledger.holder(attempt.segment);
    active.left = ByteRange::new(800_000, end);
    bench.scheduler.sources.set_latency(lead);
    let tail = Tail::of_rate(usual);
    tail.take_over(bench.scheduler.view(), None)
}

/// A rest that is too little to be shared changes hands if another one would have it in less than
/// half of the time and 0.4 s; what can be shared does not, unless its worker crawls.
#[test]
fn a_block_is_taken_over_where_another_would_have_it_much_sooner() {
    let at_once = Duration::ZERO;
    let whole = Some(TakeOver::All(FIRST.segment));
    // 5 s as it is.
    assert_eq!(about_a_slow_one(1_000_000, 500_000, at_once), whole, "2 s");
    assert_ne!(
        about_a_slow_one(1_000_000, 400_000, at_once),
        whole,
        "2.5 s"
    );
    // 1 s as it is.
    assert_eq!(about_a_slow_one(200_000, 640_000, at_once), None, "0.31 s");
    assert_ne!(about_a_slow_one(4 * MIB, 500_000, at_once), whole, "shared");
    assert_eq!(
        about_a_slow_one(4 * MIB, 700_000, at_once),
        whole,
        "it crawls"
    );
    let late = Duration::from_secs(15);
    assert_ne!(about_a_slow_one(4 * MIB, 700_000, late), whole, "no sooner");
}

/// The thief's first byte comes after its lead, and for another one the victim's reply arrives for
/// nothing: a cut has to save as much.
#[test]
fn a_cut_saves_two_leads_or_is_not_made() {
    let cut = |lead| about_a_slow_one(4 * MIB, 200_000, Duration::from_millis(lead));
    // 20 s are left, and half of that is saved, less half a lead.
    assert!(
        matches!(cut(100), Some(TakeOver::From(..))),
        "{:?}",
        cut(100)
    );
    assert!(
        matches!(cut(2_000), Some(TakeOver::From(..))),
        "{:?}",
        cut(2_000)
    );
    assert_eq!(cut(6_000), None);
}

/// Mid-file, a near worker that crawls is watched for three seconds, and loses nothing that another
/// would not have sooner by four latencies.
#[test]
fn a_worker_that_crawls_in_mid_file_is_watched_for_a_while() {
    let dropped = |millis: u64, left: u64| {
        let (mut bench, _) = Bench::segmented(4, 4096 * MIB);
        bench
            .scheduler
            .sources
            .set_latency(Duration::from_millis(20));
        let since = bench.now;
        let first = bench.scheduler.ledger.holder(FIRST.segment);
        first.slow_since = Some(since);
        first.left = ByteRange::new(0, left);
        let view = View {
            now: since + Duration::from_millis(millis),
            ledger: &bench.scheduler.ledger,
            sources: &bench.scheduler.sources,
        };
        !Tail::of_rate(1_000_000).drops(view).is_empty()
    };
    assert!(!dropped(2_999, MIB));
    assert!(dropped(3_000, MIB));
    assert!(!dropped(3_000, 80_000), "it is asked for anew in as long");
    assert!(dropped(3_000, 81_000));
}

/// Mid-file, a reply that has brought nothing for longer than is ordinary is as slow as any, once
/// it is known that others bring something.
#[test]
fn a_reply_that_never_begins_is_slow_in_mid_file() {
    let (mut bench, outputs) = Bench::segmented(2, 4096 * MIB);
    let (second, request, _) = starts(&outputs)[0];
    let body = Body::Part {
        range: part_of(request),
        complete_length: 4096 * MIB,
    };
    bench.feed(Input::Opened {
        attempt: second,
        body,
    });
    let position = MIB;
    let slow = |bench: &Bench, after: Duration, usual| {
        let view = View {
            now: bench.now + after,
            ledger: &bench.scheduler.ledger,
            sources: &bench.scheduler.sources,
        };
        let slow = Tail::of_rate(usual).slow_ones(view, false);
        slow.contains(&second.segment)
    };
    bench.feed(Input::Received {
        attempt: FIRST,
        position,
    });
    let patience = limits::FIRST_BYTE_PATIENCE;
    assert!(!slow(&bench, patience / 2, MIB));
    assert!(slow(&bench, patience, MIB));
    assert!(!slow(&bench, patience, 0), "nobody brings anything");
}

/// The bytes of its first eight latencies do not tell when a reply ends.
#[test]
fn nothing_is_cut_off_a_reply_in_its_first_latencies() {
    let (mut bench, _) = Bench::segmented(1, 64 * MIB);
    bench.scheduler.sources.set_latency(Duration::from_secs(1));
    bench.now = bench.now + Duration::from_secs(3);
    bench.feed(Input::Received {
        attempt: FIRST,
        position: MIB,
    });
    let cut = |millis| {
        let view = View {
            now: Timestamp::after_start(Duration::from_millis(millis)),
            ledger: &bench.scheduler.ledger,
            sources: &bench.scheduler.sources,
        };
        Tail::of_rate(MIB).take_over(view, None)
    };
    assert_eq!(cut(5_000), None);
    assert_eq!(cut(6_900), None);
}
