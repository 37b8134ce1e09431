//! Owns the judgement on a siege: what was measured, and what would be too much. Measures nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::honest::Waits;
use crate::server::Use;

/// Most memory a server may take at any time, in MiB: 512 connections of 100 streams each, and the
/// listings and log lines there may be, need less.
const MOST: f64 = 2048.0;

/// Memory that a server may have gained between the second and the last fifth, in MiB, beside a
/// fifth of what it had: what an allocator keeps back differs from day to day.
const GAIN: f64 = 16.0;

/// Descriptors a server may keep: what it opens once, for good.
const DESCRIPTORS: usize = 8;

/// All that has been seen of two servers, one plain and one with TLS.
pub(crate) struct Judgement {
    fresh: [Use; 2],
    looks: Vec<(Duration, [Use; 2])>,
    end: [Use; 2],
    sessions: [u64; 2],
    waits: Arc<Waits>,
}

impl Judgement {
    pub(crate) fn new(fresh: [Use; 2], waits: Arc<Waits>) -> Self {
        Self {
            fresh,
            looks: Vec::new(),
            end: fresh,
            sessions: [0; 2],
            waits,
        }
    }

    pub(crate) fn look(&mut self, elapsed: Duration, used: [Use; 2]) {
        self.looks.push((elapsed, used));
    }

    pub(crate) fn count(&mut self, sessions: &[u64; 2]) {
        self.sessions = *sessions;
    }

    pub(crate) fn end(&mut self, used: [Use; 2]) {
        self.end = used;
    }

    /// Reports whether no client is left.
    pub(crate) fn is_calm(&self, used: [Use; 2]) -> bool {
        let mut pairs = used.iter().zip(&self.fresh);
        pairs.all(|(used, fresh)| used.descriptors <= fresh.descriptors + DESCRIPTORS)
    }

    /// Its state.
    pub(crate) fn line(&self) -> String {
        let Some((elapsed, [plain, secure])) = self.looks.last() else {
            return String::new();
        };
        let waits = self.waits.answered.lock().unwrap();
        let longest = waits.iter().max().copied().unwrap_or_default();
        format!(
            "{:4} s: plain {:6.1} MiB, {:4} descriptors; TLS {:6.1} MiB, {:4} descriptors; {} \
             answers, the slowest after {:.0?}, {} wrong",
            elapsed.as_secs(),
            plain.memory,
            plain.descriptors,
            secure.memory,
            secure.descriptors,
            waits.len(),
            longest,
            self.waits.wrong.lock().unwrap().len()
        )
    }

    /// Mean memory of a server within a fifth of the time, counted from 0.
    fn memory(&self, server: usize, fifth: usize) -> f64 {
        let count = self.looks.len();
        let looks = &self.looks[count * fifth / 5..count * (fifth + 1) / 5];
        let total: f64 = looks.iter().map(|(_, used)| used[server].memory).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a mean of some thousand numbers"
        )]
        let count = looks.len().max(1) as f64;
        total / count
    }

    fn peak(&self, server: usize) -> f64 {
        let looks = self.looks.iter().map(|(_, used)| used[server].memory);
        looks.fold(0.0, f64::max)
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints: Vec<String> = self.waits.wrong.lock().unwrap().clone();
        complaints.truncate(10);
        let wrong = self.waits.wrong.lock().unwrap().len();
        if wrong > complaints.len() {
            complaints.push(format!("and {} more", wrong - complaints.len()));
        }
        if self.waits.answered.lock().unwrap().is_empty() {
            complaints.push("nothing was answered".to_owned());
        }
        for (server, name) in ["plain", "TLS"].into_iter().enumerate() {
            let (early, late) = (self.memory(server, 1), self.memory(server, 4));
            if late > 1.2 * early + GAIN {
                complaints.push(format!(
                    "{name}: memory grew from {early:.1} to {late:.1} MiB"
                ));
            }
            if self.peak(server) > MOST {
                complaints.push(format!("{name}: memory was more than {MOST:.0} MiB"));
            }
        }
        if !self.is_calm(self.end) {
            complaints.push(format!(
                "descriptors are left: {:?}, {:?}",
                self.fresh, self.end
            ));
        }
        complaints
    }

    pub(crate) fn is_right(&self) -> bool {
        self.complaints().is_empty()
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line())?;
        for (server, name) in ["plain", "TLS"].into_iter().enumerate() {
            writeln!(
                f,
                "{name}: {} hostile sessions; memory fresh {:.1}, by fifths {:.1} {:.1} {:.1} \
                 {:.1} {:.1}, peak {:.1}, afterwards {:.1} MiB",
                self.sessions[server],
                self.fresh[server].memory,
                self.memory(server, 0),
                self.memory(server, 1),
                self.memory(server, 2),
                self.memory(server, 3),
                self.memory(server, 4),
                self.peak(server),
                self.end[server].memory,
            )?;
        }
        let mut waits = self.waits.answered.lock().unwrap().clone();
        waits.sort_unstable();
        let at = |per_mille: usize| {
            let index = (waits.len() * per_mille / 1000).min(waits.len().saturating_sub(1));
            waits.get(index).copied().unwrap_or_default()
        };
        writeln!(
            f,
            "{} honest requests: half within {:.1?}, 99 % within {:.1?}, 99.9 % within {:.1?}, all \
             within {:.1?}",
            waits.len(),
            at(500),
            at(990),
            at(999),
            at(1000)
        )?;
        for complaint in self.complaints() {
            writeln!(f, "WRONG: {complaint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(memory: impl Fn(usize) -> f64, waits: &[u64], descriptors: usize) -> Judgement {
        let used = |memory| Use {
            descriptors: 10,
            memory,
        };
        let seen = Waits::default();
        *seen.answered.lock().unwrap() = waits
            .iter()
            .map(|&wait| Duration::from_millis(wait))
            .collect();
        let mut judgement = Judgement::new([used(5.0); 2], Arc::new(seen));
        for at in 0..100 {
            let elapsed = Duration::from_secs(5 * at as u64);
            judgement.look(elapsed, [used(memory(at)); 2]);
        }
        judgement.end(
            [Use {
                descriptors,
                memory: 5.0,
            }; 2],
        );
        judgement
    }

    #[test]
    fn what_is_too_much_is_told() {
        assert!(judged(|_| 100.0, &[1, 999], 12).is_right());
        let late = judged(|_| 100.0, &[1], 12);
        let told = "late".to_owned();
        late.waits.wrong.lock().unwrap().push(told);
        assert_eq!(late.complaints(), ["late"]);
        assert!(judged(|at| if at < 20 { 10.0 } else { 100.0 }, &[1], 10).is_right());
        for (wrong, complaint) in [
            (judged(|at| 50.0 + at as f64, &[1], 10), "memory grew"),
            (judged(|_| 5000.0, &[1], 10), "memory was more"),
            (judged(|_| 5.0, &[], 10), "nothing was answered"),
            (judged(|_| 5.0, &[1], 30), "descriptors are left"),
        ] {
            let told = wrong.complaints().join("\n");
            assert!(!wrong.is_right() && told.contains(complaint), "{told}");
        }
    }
}
