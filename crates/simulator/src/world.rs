//! Owns the description of one world: a file, a link, a server and its moods. Runs nothing.

/// A link and a server. Rates are in bytes per second, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Seed of everything that differs between connections, and of the scheduler's jitter.
    pub seed: u64,
    /// Length of the file.
    pub length: u64,
    /// Time a packet needs there and back.
    pub round_trip: f64,
    /// The rate all connections share, from these moments on. The first moment is 0.
    pub link: Vec<(f64, f64)>,
    /// Most a single connection ever gets.
    pub connection_rate: f64,
    /// A connection gets `connection_rate` divided by something between 1 and this.
    pub spread: f64,
    /// More requests at once are answered with 503.
    pub refuse_above: Option<usize>,
    /// What more requests at once cost everyone.
    pub penalty: Option<Penalty>,
    /// Once this part of the file has arrived, one connection falls silent for good.
    pub stall_at: Option<f64>,
    /// All connections are reset this often.
    pub reset_every: Option<f64>,
    /// Most connections the user allows.
    pub ceiling: u16,
}

/// A server's way of punishing greed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    /// As many requests at once are fine.
    pub above: usize,
    /// With more, the link has this part of its rate.
    pub factor: f64,
}

impl World {
    /// A link without moods.
    pub fn plain(seed: u64, length: u64, round_trip: f64, rate: f64) -> Self {
        Self {
            seed,
            length,
            round_trip,
            link: vec![(0.0, rate)],
            connection_rate: f64::INFINITY,
            spread: 1.0,
            refuse_above: None,
            penalty: None,
            stall_at: None,
            reset_every: None,
            ceiling: 32,
        }
    }

    /// The rate of the link at a moment, unpunished.
    pub(crate) fn link_rate(&self, at: f64) -> f64 {
        self.link
            .iter()
            .take_while(|(from, _)| *from <= at)
            .last()
            .map_or(0.0, |(_, rate)| *rate)
    }

    /// The next moment at which the link's rate changes.
    pub(crate) fn next_link_change(&self, after: f64) -> f64 {
        self.link
            .iter()
            .map(|(from, _)| *from)
            .find(|from| *from > after)
            .unwrap_or(f64::INFINITY)
    }
}
