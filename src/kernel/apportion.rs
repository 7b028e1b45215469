//! Dividing a whole into parts without losing a unit: the largest-remainder method.

/// Splits `whole` in proportion to `weights` so that the parts sum to `whole` exactly (L5).
///
/// Each part is the ideal share rounded down, and the units left over go to the largest remainders;
/// ties go to the earlier weight, so callers order weights by a stable id. A zero weight gets nothing.
/// `whole` and every weight must be non-negative, and some weight positive unless `whole` is zero;
/// otherwise the answer is `None`.
pub fn largest_remainder(whole: i64, weights: &[i64]) -> Option<Vec<i64>> {
    if whole < 0 || weights.iter().any(|weight| *weight < 0) {
        return None;
    }
    let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if total == 0 {
        return (whole == 0).then(|| vec![0; weights.len()]);
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let scaled = i128::from(whole) * i128::from(*weight);
        parts.push(i64::try_from(scaled / total).ok()?);
        remainders.push((scaled % total, index));
    }
    let left = whole - parts.iter().sum::<i64>();
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in remainders.into_iter().take(usize::try_from(left).ok()?) {
        *parts.get_mut(index)? += 1;
    }
    Some(parts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_earlier_weight() {
        assert_eq!(largest_remainder(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(largest_remainder(1, &[0, 5, 5]), Some(vec![0, 1, 0]));
    }

    #[test]
    fn impossible_divisions_have_no_answer() {
        assert_eq!(largest_remainder(5, &[0, 0]), None);
        assert_eq!(largest_remainder(-1, &[1]), None);
        assert_eq!(largest_remainder(0, &[0, 0]), Some(vec![0, 0]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn parts_sum_to_the_whole_and_stay_within_one_unit(
            whole in 0i64..1_000_000_000_000,
            weights in prop::collection::vec(0i64..10_000, 1..9),
        ) {
            let total: i64 = weights.iter().sum();
            prop_assume!(total > 0);
            let parts = largest_remainder(whole, &weights).unwrap();
            prop_assert_eq!(parts.iter().sum::<i64>(), whole);
            for (part, weight) in parts.iter().zip(&weights) {
                let ideal = i128::from(whole) * i128::from(*weight);
                let scaled = i128::from(*part) * i128::from(total);
                prop_assert!((scaled - ideal).abs() < i128::from(total));
                prop_assert!(*weight > 0 || *part == 0);
            }
        }

        /// L6: refunds taken by what remains never push a part below zero, and a full refund empties all.
        #[test]
        fn refunds_by_remaining_amounts_end_at_nothing(
            parts in prop::collection::vec(0i64..100_000, 1..6),
            steps in prop::collection::vec(1i64..50_000, 1..12),
        ) {
            let mut remaining = parts;
            for step in steps {
                let held: i64 = remaining.iter().sum();
                let refund = step.min(held);
                let taken = largest_remainder(refund, &remaining).unwrap();
                for (have, take) in remaining.iter_mut().zip(taken) {
                    *have -= take;
                    prop_assert!(*have >= 0);
                }
            }
            let held: i64 = remaining.iter().sum();
            let taken = largest_remainder(held, &remaining).unwrap();
            prop_assert_eq!(taken, remaining);
        }
    }
}
