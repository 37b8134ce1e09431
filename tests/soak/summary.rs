//! Owns the figures of the rounds and their table. Judges nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::bound::Bound;
use crate::program::Ended;

/// The counts of rounds and runs by their ends.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rounds: u64,
    runs: u64,
    codes: BTreeMap<i32, u64>,
    told: u64,
    cut_short: u64,
    requests: u64,
    bytes: u64,
    /// Runs that found something of earlier ones, and how much.
    continued: u64,
    claimed: u64,
    slowest: Worst,
    stillest: Worst,
    busiest: Worst,
    /// The memory each run took, in KiB.
    memory: Vec<u64>,
    /// The interval at which each effect was met.
    pub(crate) met: BTreeMap<String, u64>,
    /// The first words of each failure, and their seeds.
    pub(crate) failures: BTreeMap<String, Vec<u64>>,
}

/// The largest part of a bound that was used, and the round that did.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    part: f64,
    seed: u64,
}

impl Worst {
    fn add(&mut self, other: Self) {
        if other.part > self.part {
            *self = other;
        }
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} of its bound, seed {}", self.part, self.seed)
    }
}

impl Tally {
    /// Nothing but a failure, whose first words up to a colon are its kind.
    pub(crate) fn failed(why: &str, seed: u64) -> Self {
        let kind = why.split(':').next().unwrap_or_default();
        Self {
            failures: BTreeMap::from([(kind.to_owned(), vec![seed])]),
            ..Self::default()
        }
    }

    /// Counts what a run was to find of earlier ones.
    pub(crate) fn add_claimed(&mut self, bytes: u64) {
        self.continued += u64::from(bytes > 0);
        self.claimed += bytes;
    }

    pub(crate) fn add_run(
        &mut self,
        seed: u64,
        ended: &Ended,
        bound: &Bound,
        requests: u64,
        connections: u64,
    ) {
        let part = |one: Duration, of: Duration| Worst {
            part: one.as_secs_f64() / of.as_secs_f64(),
            seed,
        };
        self.runs += 1;
        *self.codes.entry(ended.code()).or_insert(0) += 1;
        self.told += u64::from(ended.told.is_some() && !ended.is_cut_short);
        self.cut_short += u64::from(ended.is_cut_short);
        self.requests += requests;
        self.bytes += ended.last()["fetched_bytes"].as_u64().unwrap_or(0);
        self.slowest.add(part(ended.elapsed, bound.time));
        self.stillest
            .add(part(ended.standstill().0, bound.standstill));
        let most = bound.requests(connections, ended.elapsed);
        #[expect(clippy::cast_precision_loss, reason = "a part of few")]
        let part = requests as f64 / most as f64;
        self.busiest.add(Worst { part, seed });
        self.memory.push(ended.memory);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.runs += other.runs;
        for (code, count) in other.codes {
            *self.codes.entry(code).or_insert(0) += count;
        }
        self.told += other.told;
        self.cut_short += other.cut_short;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.continued += other.continued;
        self.claimed += other.claimed;
        self.slowest.add(other.slowest);
        self.stillest.add(other.stillest);
        self.busiest.add(other.busiest);
        self.memory.extend(other.memory);
        for (name, count) in other.met {
            *self.met.entry(name).or_insert(0) += count;
        }
        for (why, seeds) in other.failures {
            self.failures.entry(why).or_default().extend(seeds);
        }
    }

    /// The mean and the most memory of some runs, in MiB.
    fn memory(runs: &[u64]) -> String {
        let most = runs.iter().max().copied().unwrap_or(0) >> 10;
        let sum: u64 = runs.iter().sum();
        let mean = (sum / (runs.len() as u64).max(1)) >> 10;
        format!("{mean} MiB on average, {most} at most")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<String> = self
            .codes
            .iter()
            .map(|(code, count)| format!("{code}: {count}"))
            .collect();
        // Rounds are added as they end, so that half of the runs are half of the time.
        let (first, second) = self.memory.split_at(self.memory.len() / 2);
        writeln!(f, "rounds            {}", self.rounds)?;
        writeln!(f, "runs              {}", self.runs)?;
        writeln!(f, "exit codes        {}", codes.join(", "))?;
        writeln!(f, "stopped           {}", self.told)?;
        writeln!(f, "still fetching    {}", self.cut_short)?;
        writeln!(f, "requests          {}", self.requests)?;
        writeln!(f, "bytes             {} MiB", self.bytes >> 20)?;
        let (continued, claimed) = (self.continued, self.claimed >> 20);
        writeln!(f, "continued         {continued}, with {claimed} MiB")?;
        writeln!(f, "slowest run       {}", self.slowest)?;
        writeln!(f, "longest silence   {}", self.stillest)?;
        writeln!(f, "most requests     {}", self.busiest)?;
        writeln!(f, "memory, 1st half  {}", Self::memory(first))?;
        writeln!(f, "memory, 2nd half  {}", Self::memory(second))?;
        let met: Vec<String> = self
            .met
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(f, "met               {}", met.join(", "))?;
        for (why, seeds) in &self.failures {
            writeln!(f, "FAILED            {why}: {} ({seeds:?})", seeds.len())?;
        }
        Ok(())
    }
}
