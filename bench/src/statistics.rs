//! Owns what is said of several runs: median, least, greatest. Knows no clock.

/// Several measurements of one thing, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
}

/// `None` of no measurement at all.
pub(super) fn summary(measurements: impl IntoIterator<Item = f64>) -> Option<Summary> {
    let mut sorted: Vec<f64> = measurements.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let (&least, &greatest) = (sorted.first()?, sorted.last()?);
    let upper = sorted.len() / 2;
    let lower = (sorted.len() - 1) / 2;
    Some(Summary {
        median: f64::midpoint(sorted[lower], sorted[upper]),
        least,
        greatest,
    })
}

#[cfg(test)]
mod tests {
    use super::{Summary, summary};

    #[test]
    fn the_median_is_the_middle_or_between_the_middles() {
        let of = |values: &[f64]| summary(values.iter().copied());
        let odd = of(&[3.0, 1.0, 9.0]);
        let even = of(&[4.0, 1.0, 2.0, 9.0]);
        let expect = |median, least, greatest| {
            Some(Summary {
                median,
                least,
                greatest,
            })
        };
        assert_eq!(odd, expect(3.0, 1.0, 9.0));
        assert_eq!(even, expect(3.0, 1.0, 9.0));
        assert_eq!(of(&[5.0]), expect(5.0, 5.0, 5.0));
        assert_eq!(of(&[]), None);
    }
}
