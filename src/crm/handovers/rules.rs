//! Who of several gets the next customer.

/// The one who is farthest behind its share; of several the first. So everybody has had as many as its weight whenever so many were
/// given as all weights together (smooth weighted round robin).
pub fn next(weights: &[i64], given: &[i64]) -> usize {
    let all: i64 = weights.iter().sum();
    let turn = given.iter().sum::<i64>() + 1;
    let behind = weights.iter().zip(given).map(|(weight, given)| weight * turn - given * all);
    let best = behind.enumerate().fold(None, |best: Option<(usize, i64)>, (place, behind)| match best {
        Some((_, most)) if most >= behind => best,
        _ => Some((place, behind)),
    });
    best.map_or(0, |(place, _)| place)
}

/// How many each gets of so many.
pub fn deal(weights: &[i64], count: i64) -> Vec<i64> {
    let all = weights.iter().sum::<i64>().max(1);
    let mut given: Vec<i64> = vec![0; weights.len()];
    for _ in 0..count % all {
        let place = next(weights, &given);
        given.iter_mut().skip(place).take(1).for_each(|given| *given += 1);
    }
    given.iter().zip(weights).map(|(given, weight)| given + weight * (count / all)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dealt(weights: &[i64], count: i64) -> Vec<i64> {
        let mut given = vec![0; weights.len()];
        for _ in 0..count {
            let place = next(weights, &given);
            given[place] += 1;
        }
        given
    }

    #[test]
    fn by_turns() {
        let (mut given, mut order) = ([0, 0], Vec::new());
        for _ in 0..6 {
            let place = next(&[2, 1], &given);
            given[place] += 1;
            order.push(place);
        }
        assert_eq!(order, [0, 1, 0, 0, 1, 0]);
        assert_eq!((deal(&[1], 5), deal(&[1, 1, 1], 10), deal(&[3, 1], 0)), (vec![5], vec![4, 3, 3], vec![0, 0]));
    }

    proptest! {
        #[test]
        fn what_is_dealt_at_once_is_what_is_dealt_by_turns(weights in prop::collection::vec(1_i64..20, 1..6), count in 0_i64..300) {
            prop_assert_eq!(deal(&weights, count), dealt(&weights, count));
            let all: i64 = weights.iter().sum();
            prop_assert_eq!(deal(&weights, all * 3), weights.iter().map(|weight| weight * 3).collect::<Vec<_>>());
        }
    }
}
