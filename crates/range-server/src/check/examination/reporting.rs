//! Owns how a check that is over becomes its report. Asks nothing but several connections at once.

use super::super::conformance::{Plain, judge_plain};
use super::super::report::{Answer, CheckReport, Outcome};
use super::super::{answers, conformance, parallel, redirects};
use super::{Examination, PATIENCE};

impl Examination {
    /// Sums up.
    pub(in crate::check) async fn report(mut self) -> CheckReport {
        for (at, finding) in self.late.drain(..) {
            if let Some(Outcome {
                answer: Answer::Judged { findings, .. },
                ..
            }) = self.outcomes.get_mut(at)
            {
                findings.push(finding);
            }
        }
        let serves_ranges = answers::serves_ranges(&self.outcomes);
        let together = match (&self.gone, serves_ranges) {
            (None, Some(true)) => {
                self.client.hang_up();
                Some(parallel::ask(&self.target, self.subject.length, PATIENCE).await)
            }
            _ => None,
        };
        let seen = Plain {
            serves_ranges,
            tag_changes: self.tag_changes,
        };
        let mut plain = judge_plain(&self.subject, &self.plain, seen);
        if self.gone.is_none() {
            let persistence = self.client.persistence;
            self.connection.extend(conformance::judge_persistence(
                persistence.promised,
                persistence.broken,
            ));
        }
        if !self.caches.is_empty() {
            plain.retain(|finding| !finding.rule.origin_only);
            excuse(&mut self.outcomes);
        }
        let validators = &self.subject.validators;
        let answers = answers::answers(
            &self.outcomes,
            validators,
            self.tag_changes,
            together.as_ref(),
        );
        let server = self.plain.field("server");
        CheckReport {
            url: redirects::shown(self.target.url()),
            redirects: self.redirects,
            server: server.map(|name| String::from_utf8_lossy(name).into_owned()),
            caches: self.caches,
            length: self.subject.length,
            answers,
            plain,
            connection: self.connection,
            outcomes: self.outcomes,
            gone: self.gone,
        }
    }
}

/// Sets aside what binds origin servers only.
fn excuse(outcomes: &mut [Outcome]) {
    for outcome in outcomes {
        if let Answer::Judged {
            findings, excused, ..
        } = &mut outcome.answer
        {
            let (free, bound) = findings
                .drain(..)
                .partition(|finding| finding.rule.origin_only);
            (*excused, *findings) = (free, bound);
        }
    }
}
