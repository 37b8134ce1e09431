//! Owns the judgement of one run: its bounds, its end, and what it left. Runs nothing.

use super::{DEADLINE, Round};
use crate::bound::Bound;
use crate::claims::{self, Claim};
use crate::effects::Harm;
use crate::judge::{Circumstances, MESSAGE};
use crate::program::Ended;
use crate::world::Stop;

/// The most memory a run may take, in KiB, but for what files back.
const MEMORY: u64 = 96 << 10;

/// The size of the blocks of every file here.
const BLOCK: u64 = 256 << 10;

impl Round<'_> {
    /// Whether time, requests and memory are within their bounds.
    pub(super) fn measure(
        &self,
        ended: &Ended,
        bound: &Bound,
        requests: u64,
    ) -> Result<(), String> {
        let (standstill, _) = ended.standstill();
        if standstill > bound.standstill {
            let most = bound.standstill;
            return Err(format!(
                "HANG: nothing moves for {standstill:.1?} of {most:.1?}"
            ));
        }
        if ended.is_cut_short && bound.time <= DEADLINE {
            return Err(format!("TOO SLOW: over {:.1?}", bound.time));
        }
        let most = bound.requests(self.connections(), ended.elapsed);
        if requests > most {
            return Err(format!("TOO MANY REQUESTS: {requests} of {most}"));
        }
        if ended.memory > MEMORY {
            return Err(format!("MEMORY: {} KiB", ended.memory));
        }
        Ok(())
    }

    /// Whether the run may have ended so, and has left what it has to.
    pub(super) fn judge(
        &mut self,
        ended: &Ended,
        now: Circumstances,
        before: Option<&[u8]>,
    ) -> Result<(), String> {
        let found = std::fs::read(self.output()).ok();
        let code = ended.code();
        if let Some(objection) = self.world.objection(ended, now) {
            return Err(objection);
        }
        if code == 0 {
            let found = found.ok_or("NO FILE: exit 0")?;
            self.check_file(&found, ended)?;
            if let Some(claim) = self.world.false_claim(ended, now.with_faults) {
                return Err(claim);
            }
            self.has_arrived = true;
        } else if found.as_deref() != before {
            // It was stopped behind the last step, or another run was faster.
            let may_be_there = ended.told.is_some() || now.has_rival;
            let found = found.ok_or("THE FINAL NAME IS GONE")?;
            if !may_be_there || self.check_file(&found, ended).is_err() {
                return Err(format!("THE FINAL NAME IS TOUCHED: exit {code}"));
            }
        } else if code == 8 && !now.has_rival {
            // A kill came after the file had its name.
            self.check_file(&found.unwrap_or_default(), ended)?;
            self.has_arrived = true;
        }
        // One that is told to stop before it has begun with the file says nothing of it, and one
        // that waits for the disk does not wait for more than a line.
        let is_abrupt = ended.events.is_empty() || ended.stderr.contains("stopped at once");
        let is_early = ended.told.is_some() && is_abrupt;
        if code != 0 && !ended.is_mute() && !is_early {
            if ended.last()["event"] != "error" {
                return Err("NO REASON: the last event is no error".to_owned());
            }
            if ended.stderr.lines().count() != 1 {
                return Err("NO REASON: it is not one line".to_owned());
            }
        }
        // A second run that was too late keeps what it has.
        let is_over = self.has_arrived && !self.had_rival;
        // A run that is over so early has not looked at what a kill before it left.
        let was_killed = ended.told == Some(Stop::Kill);
        self.left_by_a_kill = was_killed || self.left_by_a_kill && is_early;
        if let Some(stray) = claims::stray(self.directory.path(), is_over, self.left_by_a_kill) {
            return Err(stray);
        }
        self.check_resumed(ended)?;
        let is_published = std::fs::read(self.output()).ok().as_deref() != before;
        self.check_claims(is_published)
    }

    fn check_file(&self, found: &[u8], ended: &Ended) -> Result<(), String> {
        let editions = self.editions.borrow();
        let coding = ended.last()["content_coding"].as_str();
        // A part of a message is none of the file.
        let is_nothing = |claim: &Claim| claim.present == 0 || claim.length <= MESSAGE;
        let is_fresh = self.claims.iter().all(is_nothing);
        let is_right = match coding {
            Some(_) => self.world.is_right_in_gzip(found, &editions),
            None => self.world.is_right(found, &editions),
        };
        let is_message = || is_fresh && self.world.is_message(found, ended.standstill().1);
        if is_right || is_message() {
            return Ok(());
        }
        let beside = self.program.parent().unwrap();
        let kept = beside.join(format!("wrong-{}", self.world.seed));
        std::fs::write(&kept, found).unwrap();
        Err(format!(
            "WRONG FILE: {} bytes, kept as {}",
            found.len(),
            kept.display()
        ))
    }

    /// Whether what was claimed was used, where every reply said that it is still of the file. The
    /// last block may be asked for again.
    fn check_resumed(&self, ended: &Ended) -> Result<(), String> {
        let Some(resumed) = ended.last()["resumed_bytes"].as_u64() else {
            return Ok(());
        };
        let claimed = self.claims.iter().find(|claim| claim.place == ".part");
        let claimed = claimed.map_or(0, |claim| claim.present);
        let is_kept = self.world.has_one_validator() && !ended.has("restarting");
        if !self.had_rival && is_kept && resumed + BLOCK < claimed {
            return Err(format!(
                "FETCHED AGAIN: {resumed} of {claimed} bytes were used"
            ));
        }
        Ok(())
    }

    /// Whether all is there that was there before the run and has to be kept.
    fn check_claims(&mut self, is_published: bool) -> Result<(), String> {
        if self.has_arrived {
            return Ok(());
        }
        let claims = claims::read(self.program, self.directory.path());
        if is_published {
            self.claims = claims;
            return Ok(());
        }
        for claim in &claims {
            let part = self.directory.path().join(format!("file{}", claim.place));
            let part = std::fs::read(part).unwrap_or_default();
            let editions = self.editions.borrow();
            if !self.world.is_of_one_version(claim, &part, &editions) {
                return Err(format!("MIXED: {claim:?} of {editions:?}"));
            }
        }
        let before = std::mem::replace(&mut self.claims, claims);
        // The checksum decides then, and what does not have it makes way.
        let world = self.world;
        let is_undecided = world.checksum && (world.changes() || world.harms(Harm::Lies));
        if is_undecided || world.has("gzip") {
            return Ok(());
        }
        claims::lost(&before, &self.claims).map_or(Ok(()), Err)
    }
}
