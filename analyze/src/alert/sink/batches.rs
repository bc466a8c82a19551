//! **Batches**: the requests that a delivery is made of, and what came of each
//! alert.

use std::collections::VecDeque;
use std::ops::Range;

use super::DeliveryError;

/// What came of one alert.
pub(super) type Delivery = Result<(), DeliveryError>;

/// Alerts by the requests that take them, and the results so far.
#[derive(Debug)]
pub(super) struct Batches {
    waiting: VecDeque<Range<usize>>,
    deliveries: Vec<Delivery>,
    count: usize,
}

impl Batches {
    /// Entries of these sizes, in order, in requests of at most so many entries
    /// and bytes. An entry that is too large has a request of its own, for the
    /// service to refuse.
    pub(super) fn new(sizes: &[usize], entries_max: usize, bytes_max: usize) -> Self {
        let mut waiting = VecDeque::new();
        let (mut start, mut bytes) = (0, 0);
        for (place, size) in sizes.iter().enumerate() {
            if place > start && (place - start == entries_max || bytes + size > bytes_max) {
                waiting.push_back(start..place);
                (start, bytes) = (place, 0);
            }
            bytes += size;
        }
        if start < sizes.len() {
            waiting.push_back(start..sizes.len());
        }
        Self { waiting, deliveries: Vec::with_capacity(sizes.len()), count: sizes.len() }
    }

    /// The entries of the next request.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.waiting.pop_front()
    }

    /// Takes in what came of a request: of each entry, or of none.
    ///
    /// When a service does not take a request, its entries are sent one by one,
    /// so that one that is refused for good holds up no other. When it may take it
    /// later, no further request is made now.
    pub(super) fn came(
        &mut self,
        entries: Range<usize>,
        outcome: Result<Vec<Delivery>, DeliveryError>,
    ) {
        match outcome {
            Ok(deliveries) => self.deliveries.extend(deliveries),
            Err(error) if error.retry => {
                self.waiting.clear();
                self.deliveries.resize(self.count, Err(error));
            }
            Err(error) if entries.len() == 1 => self.deliveries.push(Err(error)),
            Err(_) => {
                for place in entries.rev() {
                    self.waiting.push_front(place..place + 1);
                }
            }
        }
    }

    /// What came of each alert, in order.
    pub(super) fn deliveries(self) -> Vec<Delivery> {
        self.deliveries
    }
}

/// The entries of a request that was taken, but for those that were refused.
pub(super) fn all_but(
    count: usize,
    refused: impl IntoIterator<Item = (usize, DeliveryError)>,
) -> Vec<Delivery> {
    let mut deliveries = vec![Ok(()); count];
    for (place, error) in refused {
        if let Some(delivery) = deliveries.get_mut(place) {
            *delivery = Err(error);
        }
    }
    deliveries
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(retry: bool) -> DeliveryError {
        DeliveryError { retry, ..DeliveryError::passing("no") }
    }

    #[test]
    fn an_entry_that_is_refused_for_good_holds_up_no_other() {
        let mut batches = Batches::new(&[1; 4], 10, 100);
        while let Some(entries) = batches.next() {
            let outcome = if entries.contains(&2) {
                Err(error(false))
            } else {
                Ok(vec![Ok(()); entries.len()])
            };
            batches.came(entries, outcome);
        }
        assert_eq!(batches.deliveries(), [Ok(()), Ok(()), Err(error(false)), Ok(())]);
    }

    #[test]
    fn a_service_that_is_down_is_asked_once() {
        let mut batches = Batches::new(&[1; 30], 10, 100);
        let mut requests = 0;
        while let Some(entries) = batches.next() {
            requests += 1;
            let outcome = if requests == 1 { Ok(all_but(10, [])) } else { Err(error(true)) };
            batches.came(entries, outcome);
        }
        let deliveries = batches.deliveries();
        assert_eq!((requests, deliveries.len()), (2, 30));
        assert_eq!(deliveries.iter().filter(|delivery| delivery.is_ok()).count(), 10);
    }

    #[test]
    fn a_refused_entry_is_told_from_the_others() {
        let refused = [(1, error(true)), (7, error(true))];
        assert_eq!(all_but(3, refused), [Ok(()), Err(error(true)), Ok(())]);
    }

    proptest! {
        #[test]
        fn every_entry_is_in_one_request_within_its_limits(
            sizes in prop::collection::vec(1_usize..60, 0..50),
        ) {
            let mut batches = Batches::new(&sizes, 10, 100);
            let mut next = 0;
            while let Some(entries) = batches.next() {
                prop_assert_eq!(entries.start, next);
                prop_assert!((1..=10).contains(&entries.len()));
                prop_assert!(sizes[entries.clone()].iter().sum::<usize>() <= 100);
                next = entries.end;
            }
            prop_assert_eq!(next, sizes.len());
        }
    }
}
